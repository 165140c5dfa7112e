using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Coordinating;
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

/// <summary>A transaction that was open for too long needs a new producer id to be aborted, and nobody waits for the id that could be told that there is none.</summary>
public sealed class LateAbortTests
{
    private static readonly TakeProducerId s_late = new("x", new TransactionalWriter(new ProducerId(100), TransactionMetadata.EpochMax), 1);

    private readonly BrokerWorld _world = new();
    private readonly ScriptedCommands _commands = new();
    private readonly KeptLog _log = new();
    private readonly ShardDriver<TransactionShard> _coordinator;
    private readonly TransactionService _service;

    public LateAbortTests()
    {
        _world.Quorum.CreateTopic("t", partitions: 1);
        var services = new ShardServices<TransactionShard>(
            CoordinatorLog.Transactions,
            view => new TransactionShard(view),
            _world.World.Environment,
            new DelayQueue(_world.World.Time),
            () => CompressionCodec.None,
            TimeSpan.FromSeconds(5),
            NullLogger.Instance);
        var view = new CoordinatorView(new ClusterTopics(MetadataImage.Empty), new GroupSettings(), new TransactionSettings(), _ => null);
        _coordinator = new ShardDriver<TransactionShard>(_world.Node.Partitions.Find(new("t", 0))!, new LeaderEpoch(0), view, services);
        var coordinators = new Coordinators<TransactionShard>("t", _world.Node.Cluster, _world.Node.Partitions, services);
        _service = new TransactionService(coordinators, _world.Node.Cluster, new ProducerIdBlocks(_world.Node.Cluster, _commands), _log);
    }

    [Fact]
    public async Task That_no_producer_id_came_stands_in_the_log_and_the_next_look_asks_again()
    {
        Task first = _service.AbortLate(_coordinator, s_late);
        _commands.Asked[0].SetException(new IOException("the link is down"));
        Assert.True(first.IsCompletedSuccessfully);
        Assert.Contains("the link is down", Assert.Single(_log.Warnings));

        Task second = _service.AbortLate(_coordinator, s_late);
        _commands.Asked[1].SetResult(new AllocateProducerIdsResponse { ErrorCode = ErrorCode.NotController });
        Assert.True(second.IsCompletedSuccessfully);
        Assert.Equal(2, _log.Warnings.Count);

        Task third = _service.AbortLate(_coordinator, s_late);
        _commands.Asked[2].SetResult(new AllocateProducerIdsResponse { ProducerIdStart = 200, ProducerIdLen = 1000 });
        Assert.True(third.IsCompletedSuccessfully);
        Assert.Equal((2, 3), (_log.Warnings.Count, _commands.Asked.Count));
        Assert.Equal((ErrorCode.None, new ProducerId(201)), await _service.TakeProducerId());
    }

    /// <summary>Answers when the test says so.</summary>
    private sealed class ScriptedCommands : IClusterCommands
    {
        public List<TaskCompletionSource<AllocateProducerIdsResponse>> Asked { get; } = [];

        public ValueTask<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request) => throw new NotSupportedException();

        public ValueTask<AlterPartitionResponse> AlterPartition(AlterPartitionRequest request) => throw new NotSupportedException();

        public ValueTask<AssignReplicasToDirsResponse> AssignDirectories(AssignReplicasToDirsRequest request) => throw new NotSupportedException();

        public ValueTask<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request)
        {
            Asked.Add(new());
            return new(Asked[^1].Task);
        }
    }

    private sealed class KeptLog : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Warnings.Add(formatter(state, exception));
    }
}
