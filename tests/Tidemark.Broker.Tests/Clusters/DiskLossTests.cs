using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Nodes that come back with less than they had, or find no room: what the others have stays, and is copied.</summary>
public sealed class DiskLossTests
{
    private const string Topic = "t";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_node_that_comes_back_with_an_empty_disk_copies_everything(int victim)
    {
        SimulatedCluster cluster = Started(10, out ClusterClient client);
        Write(cluster, client, "a", "b", "c");
        cluster[victim].Kill();
        cluster[victim].LoseDisk();
        Assert.True(cluster.RunUntil(() => StateAt(cluster, Other(victim)) is { HasLeader: true } state && state.Leader != victim && !state.Isr.Contains(victim), s_patience), States(cluster));
        Write(cluster, client, "d");

        cluster[victim].Start();
        AwaitFull(cluster);
        Assert.Equal("a b c d", Values(cluster, victim));
        cluster[Other(victim)].Kill();
        Assert.True(cluster.RunUntil(() => StateAt(cluster, victim) is { HasLeader: true } state && state.Leader != Other(victim), s_patience), States(cluster));
        Write(cluster, client, "e");
        Assert.Equal("a b c d e", Values(cluster, victim));
    }

    [Fact]
    public void The_last_replica_in_sync_that_comes_back_empty_takes_nothing_from_the_others()
    {
        SimulatedCluster cluster = Started(11, out ClusterClient client, minInSync: 1, nodes: 5);
        Write(cluster, client, "a", "b");
        int witness = cluster.Nodes.Select(node => node.Id).First(id => !StateAt(cluster, 1)!.Replicas.Contains(id));
        int last = StateAt(cluster, witness)!.Leader;
        int[] others = [.. StateAt(cluster, witness)!.Replicas.Where(id => id != last)];
        foreach (int other in others)
        {
            cluster[other].Kill();
            Assert.True(cluster.RunUntil(() => !StateAt(cluster, witness)!.Isr.Contains(other), s_patience), States(cluster));
            Write(cluster, client, $"without{other}");
        }

        // The others are back before it, so that the quorum has its majority without the disk that is empty.
        cluster[last].Kill();
        cluster[last].LoseDisk();
        cluster[others[0]].Start();
        cluster[others[1]].Start();
        cluster.Time.Advance(TimeSpan.FromSeconds(15));
        cluster[last].Start();
        cluster.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(cluster[last].Started.IsCompletedSuccessfully, States(cluster));
        Assert.False(StateAt(cluster, witness)!.HasLeader, States(cluster));
        Assert.Equal("a b", Values(cluster, others[0]));
        Assert.Equal($"a b without{others[0]}", Values(cluster, others[1]));

        ElectLeadersResponse elected = client.Ask<ElectLeadersRequest, ElectLeadersResponse>(witness, new ElectLeadersRequest
        {
            ElectionType = 1,
            TopicPartitions = [new() { Topic = Topic, Partitions = [0] }],
        });
        Assert.Equal(ErrorCode.None, elected.ReplicaElectionResults[0].PartitionResult[0].ErrorCode);
        AwaitFull(cluster);
        Write(cluster, client, "after");
        Assert.EndsWith("after", Values(cluster, StateAt(cluster, witness)!.Leader));
    }

    [Fact]
    public void What_only_the_last_leader_has_in_a_directory_that_failed_is_waited_for_until_the_directory_is_back()
    {
        SimulatedCluster cluster = Started(20, out ClusterClient client, minInSync: 1, nodes: 5, directories: 2);
        Write(cluster, client, "a");
        int witness = cluster.Nodes.Select(node => node.Id).First(id => !StateAt(cluster, 1)!.Replicas.Contains(id));
        int last = StateAt(cluster, witness)!.Leader;
        int[] others = [.. StateAt(cluster, witness)!.Replicas.Where(id => id != last)];
        Assert.StartsWith("/data2/", LogOf(cluster, last).Directory);
        foreach (int other in others)
        {
            cluster[other].Kill();
            Assert.True(cluster.RunUntil(() => !StateAt(cluster, witness)!.Isr.Contains(other), s_patience), States(cluster));
        }

        Write(cluster, client, "b");
        cluster[last].Kill();
        cluster[last].Disk.FailUnder("/data2");
        cluster[others[0]].Start();
        cluster[others[1]].Start();
        cluster.Time.Advance(TimeSpan.FromSeconds(15));
        cluster[last].Start();
        cluster.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.True(cluster[last].Started.IsCompletedSuccessfully, States(cluster));
        Assert.False(StateAt(cluster, witness)!.HasLeader, States(cluster));
        Assert.Equal(last, Assert.Single(StateAt(cluster, witness)!.LastKnownEligibleLeaderReplicas));

        cluster[last].Kill();
        cluster[last].Disk.Heal();
        cluster[last].Start();
        AwaitFull(cluster);
        Assert.All(others, other => Assert.Equal("a b", Values(cluster, other)));
    }

    [Fact]
    public void A_follower_behind_the_start_of_its_leaders_log_begins_anew_there()
    {
        SimulatedCluster cluster = Started(12, out ClusterClient client);
        Write(cluster, client, "a");
        int leader = StateAt(cluster, 1)!.Leader;
        int follower = Other(leader);
        cluster[follower].Kill();
        Assert.True(cluster.RunUntil(() => !StateAt(cluster, leader)!.Isr.Contains(follower), s_patience), States(cluster));
        leader = StateAt(cluster, leader)!.Leader;
        Write(cluster, client, "b", "c", "d");
        DeleteRecordsResponse deleted = client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(leader, new DeleteRecordsRequest
        {
            TimeoutMs = 5000,
            Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = 0, Offset = 3 }] }],
        });
        Assert.Equal(ErrorCode.None, deleted.Topics[0].Partitions[0].ErrorCode);

        cluster[follower].Start();
        AwaitFull(cluster);
        PartitionLog log = LogOf(cluster, follower);
        Assert.Equal(3, log.LogStart.Value);
        Assert.Equal(4, log.LogEndOffset.Value);
        Assert.Equal("d", Values(cluster, follower));
    }

    [Fact]
    public void Records_that_were_answered_as_deleted_do_not_come_back_with_a_follower_that_was_killed()
    {
        SimulatedCluster cluster = Started(21, out ClusterClient client);
        Write(cluster, client, "a", "b", "c");
        int leader = StateAt(cluster, 1)!.Leader;
        DeleteRecordsResponse deleted = client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(leader, new DeleteRecordsRequest
        {
            TimeoutMs = 5000,
            Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = 0, Offset = 2 }] }],
        });
        Assert.Equal((ErrorCode.None, 2L), (deleted.Topics[0].Partitions[0].ErrorCode, deleted.Topics[0].Partitions[0].LowWatermark));
        foreach (SimulatedNode node in cluster.Nodes)
        {
            node.Kill();
        }

        // Nobody leads while the two of them are alone, and nobody tells them where a log begins.
        int[] followers = [Other(leader), Other(Other(leader))];
        Assert.All(followers, follower => cluster[follower].Start());
        Assert.True(cluster.RunUntil(() => followers.All(follower => cluster[follower].Started.IsCompletedSuccessfully && StateAt(cluster, follower) is { HasLeader: false }), s_patience), States(cluster));
        Assert.All(followers, follower => Assert.Equal("c", Values(cluster, follower)));
        cluster[leader].Start();
        AwaitFull(cluster);
        Assert.All(cluster.Nodes, node => Assert.Equal("c", Values(cluster, node.Id)));
    }

    [Theory]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void What_was_flushed_before_it_counted_outlives_a_loss_of_power_everywhere(ulong seed)
    {
        SimulatedCluster cluster = Started(seed, out ClusterClient client, flushes: true);
        Write(cluster, client, "a", "b", "c", "d", "e");
        LosePowerEverywhere(cluster);
        AwaitFull(cluster);
        Assert.All(cluster.Nodes, node => Assert.Equal("a b c d e", Values(cluster, node.Id)));
        Write(cluster, new ClusterClient(cluster, "another"), "f");
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public void After_a_loss_of_power_everywhere_all_replicas_hold_the_same(ulong seed)
    {
        SimulatedCluster cluster = Started(seed, out ClusterClient client);
        Write(cluster, client, "a", "b", "c", "d", "e");
        LosePowerEverywhere(cluster);
        AwaitFull(cluster);
        Write(cluster, new ClusterClient(cluster, "another"), "f");
        string all = Values(cluster, StateAt(cluster, 1)!.Leader);
        Assert.EndsWith("f", all);
        Assert.StartsWith(all[..^1].TrimEnd(), "a b c d e");
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => Values(cluster, node.Id) == all), s_patience), States(cluster));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Writes_go_on_when_one_nodes_disk_is_full_and_it_comes_back_when_there_is_room(int victim)
    {
        SimulatedCluster cluster = Started(19, out ClusterClient client);
        Write(cluster, client, "a");
        cluster[victim].Disk.CapacityBytes = cluster[victim].Disk.UsedBytes;
        string[] values = [.. Enumerable.Range(0, 20).Select(number => $"{number}:{new string('x', 2000)}")];
        Write(cluster, client, values);
        string leaders = Values(cluster, StateAt(cluster, Other(victim))!.Leader);

        cluster[victim].Kill();
        cluster[victim].Disk.CapacityBytes = 1L << 40;
        cluster[victim].Start();
        AwaitFull(cluster);
        Assert.Equal(leaders, Values(cluster, victim));
        Assert.Equal(["a", .. values], leaders.Split(' ').Distinct());
    }

    private static void LosePowerEverywhere(SimulatedCluster cluster)
    {
        foreach (SimulatedNode node in cluster.Nodes)
        {
            node.LosePower();
        }

        cluster.Time.Advance(TimeSpan.FromSeconds(1));
        foreach (SimulatedNode node in cluster.Nodes)
        {
            node.Return();
        }
    }

    private static SimulatedCluster Started(ulong seed, out ClusterClient client, int minInSync = 2, bool flushes = false, int nodes = 3, int directories = 1)
    {
        var cluster = new SimulatedCluster(seed, nodes) { LogDirectories = directories };
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompleted && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == nodes), s_patience));
        client = new ClusterClient(cluster);
        (string, string)[] configs = [("min.insync.replicas", $"{minInSync}"), .. flushes ? [("flush.messages", "1")] : Array.Empty<(string, string)>()];
        if (directories > 1)
        {
            // Goes to the first directory everywhere, so that the next goes to the second.
            Assert.Equal(ErrorCode.None, client.CreateTopic(1, "first", 1, (short)nodes));
        }

        Assert.Equal(ErrorCode.None, client.CreateTopic(1, Topic, 1, 3, configs));
        AwaitFull(cluster);
        return cluster;
    }

    /// <summary>Writes each value with acks=all, at whoever leads, until it is acknowledged.</summary>
    private static void Write(SimulatedCluster cluster, ClusterClient client, params string[] values)
    {
        foreach (string value in values)
        {
            TimeSpan began = cluster.Time.Elapsed;
            while (!TryWrite(cluster, client, value))
            {
                Assert.True(cluster.Time.Elapsed - began < s_patience, $"{value} is not acknowledged: {States(cluster)}");
                cluster.Time.Advance(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    /// <summary>A record whose fate is open is written again, so it may stand twice: this producer is not idempotent.</summary>
    private static bool TryWrite(SimulatedCluster cluster, ClusterClient client, string value)
    {
        PartitionImage? state = cluster.Nodes.Where(node => node.Broker is not null).Select(node => StateAt(cluster, node.Id)).OfType<PartitionImage>().MaxBy(each => each.LeaderEpoch.Value);
        if (state is not { HasLeader: true } || !cluster[state.Leader].IsRunning)
        {
            return false;
        }

        ErrorCode error = client.Produce(state.Leader, Topic, value).ErrorCode;
        Assert.True(
            error is ErrorCode.None or ErrorCode.NotLeaderOrFollower or ErrorCode.NotEnoughReplicas or ErrorCode.KafkaStorageError or ErrorCode.UnknownTopicOrPartition or ErrorCode.RequestTimedOut
                or ErrorCode.NotEnoughReplicasAfterAppend,
            $"{error}");
        return error == ErrorCode.None;
    }

    private static void AwaitFull(SimulatedCluster cluster)
    {
        bool isFull = cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompleted && StateAt(cluster, node.Id) is { HasLeader: true, Isr.Length: 3 }), s_patience);
        Assert.True(isFull, $"not all in sync: {States(cluster)}");
    }

    private static int Other(int node) => (node % 3) + 1;

    private static PartitionImage? StateAt(SimulatedCluster cluster, int node) => cluster[node].Broker?.Cluster.Image.Topics.Find(Topic)?.Partitions[0];

    private static PartitionLog LogOf(SimulatedCluster cluster, int node) => cluster[node].Broker!.Partitions.Find(new TopicPartition(Topic, 0))!.Log!;

    private static string Values(SimulatedCluster cluster, int node)
    {
        var values = new List<string>();
        PartitionLog log = LogOf(cluster, node);
        Simulator.Checking.StoredBatches.Read(log, log.LogStart.Value, log.LogEndOffset.Value, (_, value) => values.Add(value));
        return string.Join(' ', values);
    }

    private static string States(SimulatedCluster cluster) => string.Join("; ", cluster.Nodes.Select(node =>
        $"node {node.Id}: {(node.IsRunning ? "runs" : "is gone")}, {node.Started.Status}, {string.Join(' ', node.Process?.Failures.Select(each => each.Error.ToString()) ?? [])} "
        + (StateAt(cluster, node.Id) is { } state ? $"leader {state.Leader}@{state.LeaderEpoch}, in sync [{string.Join(' ', state.Isr)}], eligible [{string.Join(' ', state.EligibleLeaderReplicas)}]" : "knows no topic")));
}
