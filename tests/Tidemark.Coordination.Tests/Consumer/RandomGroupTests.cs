using Tidemark.Coordination.Consumer;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Tests.Consumer;

/// <summary>Clients that behave as KIP-848 says, at random: they join, leave, die, lose answers, are slow to give up; topics grow, and coordinators move.</summary>
public class RandomGroupTests
{
    [Fact]
    public void No_partition_is_ever_with_two_clients_and_every_rebalance_ends()
    {
        for (int seed = 1; seed <= 30; seed++)
        {
            Run(seed);
        }
    }

    private static void Run(int seed)
    {
        var random = new Random(seed);
        var world = new ConsumerWorld(("a", 3), ("b", 5));
        int sizeOfB = 5;
        var clients = new List<Client>();
        int next = 0;
        for (int step = 0; step < 250; step++)
        {
            switch (random.Next(20))
            {
                case 0 when clients.Count < 6:
                    clients.Add(new Client(world, $"m{next++}", random.Next(3) switch { 0 => ["a"], 1 => ["b"], _ => ["a", "b"] }));
                    break;
                case 1 when clients.Count > 0:
                    int gone = random.Next(clients.Count);
                    if (random.Next(2) == 0)
                    {
                        clients[gone].Leave();
                    }

                    // Who died stops using its partitions at once here; the coordinator finds out when the session ends.
                    clients.RemoveAt(gone);
                    break;
                case 2:
                    world.Topic("b", ++sizeOfB);
                    break;
                case 3:
                    world.FailOver();
                    break;
                case 4:
                    world.Pass(random.Next(20_000));
                    break;
                default:
                    if (clients.Count > 0)
                    {
                        clients[random.Next(clients.Count)].Beat(losesAnswer: random.Next(8) == 0, isSlow: random.Next(3) == 0);
                    }

                    break;
            }

            CheckSingle(seed, step, clients);
        }

        if (clients.Count == 0)
        {
            return;
        }

        // Those who died are out after a session, and then some rounds of heartbeats bring everybody to rest.
        for (int round = 0; round < 20; round++)
        {
            world.Pass(5_000);
            foreach (Client client in clients)
            {
                client.Beat(losesAnswer: false, isSlow: false);
                CheckSingle(seed, 1000 + round, clients);
            }
        }

        Assert.True(world.Group.State == "Stable", $"seed {seed}: {world.Group.State}");
        Assert.True(world.Group.Members.Keys.SequenceEqual(clients.Select(c => c.Id).Order(StringComparer.Ordinal)), $"seed {seed}: members {string.Join(' ', world.Group.Members.Keys)}");
        int expected = (clients.Any(c => c.Topics.Contains("a")) ? 3 : 0) + (clients.Any(c => c.Topics.Contains("b")) ? sizeOfB : 0);
        Assert.True(clients.Sum(c => c.Owned.Count) == expected, $"seed {seed}: {clients.Sum(c => c.Owned.Count)} of {expected} partitions are with clients");
    }

    private static void CheckSingle(int seed, int step, List<Client> clients)
    {
        (Uuid, int)[] all = [.. clients.Where(c => c.IsMember).SelectMany(c => c.Owned)];
        Assert.True(all.Distinct().Count() == all.Length, $"seed {seed}, step {step}: two clients have one partition");
    }

    private sealed class Client(ConsumerWorld world, string id, string[] topics)
    {
        private int _epoch;
        private HashSet<(Uuid Topic, int Partition)>? _told;

        public string Id => id;

        public string[] Topics => topics;

        /// <summary>Since its coordinator fenced it, a client uses nothing.</summary>
        public bool IsMember => world.Group?.Member(id) is not null;

        public HashSet<(Uuid Topic, int Partition)> Owned { get; } = [];

        public void Leave() => world.Send(id, -1);

        public void Beat(bool losesAnswer, bool isSlow)
        {
            if (!isSlow && _told is not null)
            {
                Owned.Clear();
                Owned.UnionWith(_told);
                _told = null;
            }

            if (_epoch == 0)
            {
                Owned.Clear();
            }

            ConsumerGroupHeartbeatResponse response = _epoch == 0
                ? world.Send(id, 0, names: topics)
                : world.Send(id, _epoch, owned: [.. Owned.GroupBy(o => o.Topic).Select(t => new ConsumerGroupHeartbeatRequest.TopicPartitionsEntry { TopicId = t.Key, Partitions = [.. t.Select(p => p.Partition)] })]);
            if (losesAnswer)
            {
                // A client that got no answer says everything again, and is told everything.
                response = world.Send(new ConsumerGroupHeartbeatRequest
                {
                    GroupId = "g",
                    MemberId = id,
                    MemberEpoch = _epoch,
                    RebalanceTimeoutMs = 60_000,
                    SubscribedTopicNames = [.. topics],
                    TopicPartitions = [.. Owned.GroupBy(o => o.Topic).Select(t => new ConsumerGroupHeartbeatRequest.TopicPartitionsEntry { TopicId = t.Key, Partitions = [.. t.Select(p => p.Partition)] })],
                });
            }

            if (response.ErrorCode is ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch or ErrorCode.GroupIdNotFound)
            {
                Owned.Clear();
                _told = null;
                _epoch = 0;
                return;
            }

            Assert.Equal(ErrorCode.None, response.ErrorCode);
            _epoch = response.MemberEpoch;
            if (response.Assignment is { } assignment)
            {
                _told = [.. assignment.TopicPartitions.SelectMany(t => t.Partitions.Select(p => (t.TopicId, p)))];
                if (!isSlow)
                {
                    Owned.Clear();
                    Owned.UnionWith(_told);
                    _told = null;
                }
            }
        }
    }
}
