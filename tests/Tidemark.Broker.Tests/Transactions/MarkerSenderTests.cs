using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination;
using Tidemark.Coordination.Transactions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Broker.Tests.Transactions;

/// <summary>What a coordinator tells the partitions of its transactions, while one of them has nobody who could be told.</summary>
public sealed class MarkerSenderTests
{
    private readonly BrokerWorld _world = new();
    private readonly Uuid _topic;
    private readonly MarkerSender _sender;
    private readonly ShardDriver<TransactionShard> _coordinator;
    private bool _isCurrent = true;

    public MarkerSenderTests()
    {
        _topic = _world.Quorum.CreateTopic("t", partitions: 1);
        var delays = new DelayQueue(_world.World.Time);
        var writer = new MarkerWriter(_world.Node.Partitions, _world.Node.Cluster, delays, _world.World.Time, null);
        var links = new NodeLinks(_world.World.Environment, new LinkOptions());
        _sender = new MarkerSender(_world.Node.Cluster, links, writer, "PLAINTEXT", delays, _ => _isCurrent, NullLogger.Instance);
        var view = new CoordinatorView(new ClusterTopics(MetadataImage.Empty), new GroupSettings(), new TransactionSettings(), _ => null);
        var services = new ShardServices<TransactionShard>(
            CoordinatorLog.Transactions, v => new TransactionShard(v), _world.World.Environment, delays, () => CompressionCodec.None, TimeSpan.FromSeconds(5), NullLogger.Instance);
        _coordinator = new ShardDriver<TransactionShard>(_world.Node.Partitions.Find(new("t", 0))!, new LeaderEpoch(0), view, services);
    }

    [Fact]
    public void A_partition_without_a_leader_is_told_when_it_has_one()
    {
        Lead(-1);
        Send("a", 0, commit: true);
        Lead(1);
        Assert.Equal(["0 Commit"], Markers());
    }

    [Fact]
    public void The_end_that_a_coordinator_tells_again_takes_the_place_of_the_one_it_told_before()
    {
        Lead(-1);
        Send("a", 0, commit: true);
        Send("b", 7, commit: true);

        // It had to read its partition again, and found the next transaction prepared there. A marker of the one before would end that one wrongly.
        Send("a", 1, commit: false);
        Lead(1);
        Assert.Equal(["1 Abort", "7 Commit"], Markers().Order());
    }

    [Fact]
    public void A_coordinator_that_is_none_any_more_tells_nothing()
    {
        Lead(-1);
        Send("a", 0, commit: true);
        _isCurrent = false;
        Wait();
        Lead(1);
        Assert.Empty(Markers());
    }

    private void Lead(int leader) => _world.Quorum.Write(new PartitionChangeRecord { TopicId = _topic, PartitionId = 0, Leader = leader });

    /// <summary>As an event of virtual time, so that what follows from it is one too.</summary>
    private void Send(string id, short epoch, bool commit)
    {
        var end = new SendMarkers(id, new TransactionalWriter(new ProducerId(id[0]), epoch), commit, [new TopicPartition("t", 0)], 1);
        _world.World.Time.Post(TimeSpan.Zero, () => _sender.Send(_coordinator, end));
        Wait();
    }

    private void Wait() => _world.World.Time.Advance(TimeSpan.FromSeconds(1));

    /// <summary>Epoch and kind of all markers that the partition got, a while later.</summary>
    private List<string> Markers()
    {
        Wait();
        var found = new List<string>();
        var walk = new BatchWalk(_world.Connect().Fetch("t", 0).Records!.Value.Span);
        while (walk.MoveNext())
        {
            Assert.True(TransactionMarker.TryRead(walk.Current, out TransactionMarker marker));
            found.Add($"{walk.Current.ProducerEpoch} {(marker.Aborts ? "Abort" : "Commit")}");
        }

        return found;
    }
}
