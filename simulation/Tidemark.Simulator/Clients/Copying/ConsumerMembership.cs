using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>A member of the consumer protocol (KIP-848): the coordinator assigns, the member gives up at once what is taken from it.</summary>
internal sealed class ConsumerMembership(CopierClient client, string group, string topic, string id) : GroupMembership(client, group)
{
    private int _lives;

    public override async Task<bool> KeepUp()
    {
        if (Generation < 0)
        {
            // A member that was fenced comes back as itself, or as somebody new.
            (MemberId, Generation) = ($"{id}-{_lives}", 0);
        }

        TimeSpan said = Groups.Holds(Group, MemberId, Owned);
        ConsumerGroupHeartbeatResponse? answer = await Client.AskCoordinator<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(
            Group,
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = Group,
                MemberId = MemberId,
                MemberEpoch = Generation,
                RebalanceTimeoutMs = 60_000,
                SubscribedTopicNames = [topic],
                ServerAssignor = "uniform",
                TopicPartitions = Owned.Count == 0 ? [] : [new() { TopicId = Client.IdOf(topic), Partitions = [.. Owned] }],
            });
        Client.Count($"group heartbeat {answer?.ErrorCode}");
        if (Groups.IsOver(said))
        {
            // The answer was under way for so long that it may speak of a session that is over.
            Lost();
            return false;
        }

        if (answer?.ErrorCode != ErrorCode.None)
        {
            if (!IsPassing(answer?.ErrorCode))
            {
                Lost();
            }

            return false;
        }

        Groups.Heard(MemberId, said);
        Generation = answer.MemberEpoch;
        if (answer.Assignment is { } assigned)
        {
            int[] given = [.. assigned.TopicPartitions.Where(t => t.TopicId == Client.IdOf(topic)).SelectMany(t => t.Partitions)];
            if (!Owned.SetEquals(given))
            {
                Owned.Clear();
                Owned.UnionWith(given);
                Client.Reassigned();
                Client.Tell($"{MemberId} owns [{string.Join(' ', Owned)}] at epoch {Generation}");
            }

            Groups.Given(Group, MemberId, Owned);
        }

        return Owned.Count > 0;
    }

    public override void Lost()
    {
        Groups.Gone(Group, MemberId);
        Owned.Clear();
        Generation = -1;
        _lives += Client.Draws(0.5) ? 1 : 0;
    }

    public override async Task Leave()
    {
        if (Generation > 0)
        {
            Groups.Gone(Group, MemberId);
            await Client.AskCoordinator<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(
                Group, new ConsumerGroupHeartbeatRequest { GroupId = Group, MemberId = MemberId, MemberEpoch = -1 });
        }

        Lost();
    }
}
