using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Connections;
using Tidemark.Client;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Network.Tests.Clients;

/// <summary>Just enough of a broker behind real sockets to see what the client does: one topic, whose batches it keeps as they came.</summary>
internal sealed class ScriptedBroker : IDisposable
{
    private static readonly Uuid TopicId = new(1, 2);

    private readonly List<byte[]>[] _logs = [[], []];
    private readonly long[] _ends = new long[2];
    private readonly FrameBufferPool _buffers = new();
    private readonly NetworkServer _server;
    private readonly EchoBroker _echo;

    public ScriptedBroker(short apiVersionsMax = 4)
    {
        ApiVersionsMax = apiVersionsMax;
        _echo = new EchoBroker { OnFrame = OnFrame };
        _server = new NetworkServer(
            new NetworkOptions { Listeners = [new ListenerOptions { Name = "P", Host = "127.0.0.1", Port = 0 }], LoopCount = 1 },
            _echo, _buffers, TimeProvider.System, NullLoggerFactory.Instance);
        _server.Start();
    }

    public short ApiVersionsMax { get; }

    public List<(ApiKey Api, short Version)> Requests { get; } = [];

    /// <summary>Errors to answer the next produce requests with.</summary>
    public Queue<ErrorCode> ProduceErrors { get; } = new();

    /// <summary>Sequences of the batches that came, by partition.</summary>
    public List<(int Partition, int BaseSequence, int Count)> Batches { get; } = [];

    public bool IsSilent { get; set; }

    public ClientOptions ClientOptions => new()
    {
        BootstrapServers = [new BrokerAddress("127.0.0.1", _server.Listeners[0].Port)],
        RetryBackoff = TimeSpan.FromMilliseconds(5),
    };

    public void CutConnections()
    {
        foreach (EchoBroker.Handler handler in _echo.Handlers)
        {
            handler.Transport.Close("the test wants it");
        }
    }

    public void Dispose()
    {
        _server.StopAsync(TimeSpan.Zero).Wait();
        _buffers.Dispose();
    }

    private void OnFrame(EchoBroker.Handler connection, InboundFrame frame) => ScriptedFrames.Serve(connection, frame, (ApiKey api, ref WireReader reader, short version) =>
    {
        lock (Requests)
        {
            Requests.Add((api, version));
        }

        return IsSilent && api != ApiKey.ApiVersions ? (null, version) : Answer(api, ref reader, version);
    });

    private (IMessage? Response, short Version) Answer(ApiKey api, ref WireReader reader, short version) => api switch
    {
        ApiKey.ApiVersions when version > ApiVersionsMax => (Versions(ErrorCode.UnsupportedVersion), 0),
        ApiKey.ApiVersions => (Versions(ErrorCode.None), version),
        ApiKey.Metadata => (Metadata(MetadataRequest.Read(ref reader, version)), version),
        ApiKey.InitProducerId => (new InitProducerIdResponse { ProducerId = 7, ProducerEpoch = 0 }, version),
        ApiKey.Produce => (Produce(ProduceRequest.Read(ref reader, version)), version),
        ApiKey.ListOffsets => (ListOffsets(ListOffsetsRequest.Read(ref reader, version)), version),
        ApiKey.Fetch => (Fetch(FetchRequest.Read(ref reader, version)), version),
        _ => throw new InvalidOperationException($"{api} is not in the script"),
    };

    private ApiVersionsResponse Versions(ErrorCode error) => new()
    {
        ErrorCode = error,
        ApiKeys =
        [
            new() { ApiKey = (short)ApiKey.ApiVersions, MaxVersion = ApiVersionsMax },
            new() { ApiKey = (short)ApiKey.Metadata, MaxVersion = 12 },
            new() { ApiKey = (short)ApiKey.InitProducerId, MaxVersion = 4 },
            new() { ApiKey = (short)ApiKey.Produce, MinVersion = 3, MaxVersion = 13 },
            new() { ApiKey = (short)ApiKey.ListOffsets, MinVersion = 1, MaxVersion = 7 },
            new() { ApiKey = (short)ApiKey.Fetch, MinVersion = 4, MaxVersion = 16 },
        ],
    };

    private MetadataResponse Metadata(MetadataRequest request) => new()
    {
        ClusterId = "scripted",
        ControllerId = 1,
        Brokers = [new() { NodeId = 1, Host = "127.0.0.1", Port = _server.Listeners[0].Port }],
        Topics =
        [
            .. (request.Topics?.Select(topic => topic.Name) ?? ["t"]).Select(name => name == "t"
                ? new MetadataResponse.MetadataResponseTopic
                {
                    Name = name,
                    TopicId = TopicId,
                    Partitions = [.. new[] { 1, 0 }.Select(index => new MetadataResponse.MetadataResponsePartition { PartitionIndex = index, LeaderId = 1, ReplicaNodes = [1], IsrNodes = [1] })],
                }
                : new MetadataResponse.MetadataResponseTopic { Name = name, ErrorCode = ErrorCode.UnknownTopicOrPartition }),
        ],
    };

    private ProduceResponse? Produce(ProduceRequest request)
    {
        ProduceRequest.PartitionProduceData data = request.TopicData.Single().PartitionData.Single();
        Assert.Equal(TopicId, request.TopicData.Single().TopicId);
        ErrorCode error = ProduceErrors.TryDequeue(out ErrorCode given) ? given : ErrorCode.None;
        long offset = _ends[data.Index];
        if (error == ErrorCode.None)
        {
            byte[] batch = data.Records!.Value.ToArray();
            var header = new RecordBatchHeader(batch);
            Assert.True(header.CrcIsValid());
            lock (Batches)
            {
                Batches.Add((data.Index, header.BaseSequence, header.RecordCount));
            }

            RecordBatchHeader.Stamp(batch, new Offset(offset), new LeaderEpoch(0));
            _logs[data.Index].Add(batch);
            _ends[data.Index] = new RecordBatchHeader(batch).NextOffset.Value;
        }

        return request.Acks == 0 ? null : new ProduceResponse
        {
            Responses = [new() { TopicId = TopicId, PartitionResponses = [new() { Index = data.Index, ErrorCode = error, BaseOffset = error == ErrorCode.None ? offset : -1 }] }],
        };
    }

    private ListOffsetsResponse ListOffsets(ListOffsetsRequest request) => new()
    {
        Topics = [.. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
        {
            Name = topic.Name,
            Partitions = [.. topic.Partitions.Select(partition => new ListOffsetsResponse.ListOffsetsPartitionResponse
            {
                PartitionIndex = partition.PartitionIndex,
                Offset = partition.Timestamp switch { -1 => _ends[partition.PartitionIndex], -2 => 0, _ => -1 },
            })],
        })],
    };

    private FetchResponse Fetch(FetchRequest request) => new()
    {
        Responses = [.. request.Topics.Select(topic => new FetchResponse.FetchableTopicResponse
        {
            TopicId = topic.TopicId,
            Partitions = [.. topic.Partitions.Select(Fetch)],
        })],
    };

    private FetchResponse.PartitionData Fetch(FetchRequest.FetchPartition partition)
    {
        long end = _ends[partition.Partition];
        byte[]? batch = _logs[partition.Partition].Find(bytes => new RecordBatchHeader(bytes).LastOffset.Value >= partition.FetchOffset);
        return new FetchResponse.PartitionData
        {
            PartitionIndex = partition.Partition,
            ErrorCode = partition.FetchOffset > end ? ErrorCode.OffsetOutOfRange : ErrorCode.None,
            HighWatermark = end,
            AbortedTransactions = null,
            Records = batch ?? ReadOnlyMemory<byte>.Empty,
        };
    }
}
