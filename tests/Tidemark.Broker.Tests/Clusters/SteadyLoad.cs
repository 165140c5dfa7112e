using System.Globalization;
using System.Text;
using Tidemark.Broker.Links;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>
/// An idempotent producer with acks=all on every partition of a topic, at a steady pace: what was acknowledged and when, and which errors it met that
/// a producer does not get over by asking who leads.
/// </summary>
internal sealed class SteadyLoad
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(20);
    private readonly SimulatedCluster _cluster;
    private readonly ClusterClient _client;
    private readonly string _topic;
    private readonly List<(TimeSpan At, long Offset, long Value)>[] _acked;
    private readonly SortedSet<string> _errors = [];
    private int _running;
    private bool _isStopped;
    private string _last = "";

    public SteadyLoad(SimulatedCluster cluster, ClusterClient client, string topic, int partitions)
    {
        (_cluster, _client, _topic, _running) = (cluster, client, topic, partitions);
        _acked = [.. Enumerable.Range(0, partitions).Select(_ => new List<(TimeSpan, long, long)>())];
        for (int i = 0; i < partitions; i++)
        {
            int partition = i;
            client.Enter(() => _ = Run(partition));
        }
    }

    /// <summary>What clients would have been told of.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    public int Count => _acked.Sum(each => each.Count);

    /// <summary>The longest time without an acknowledgement on any partition, from the given time until now.</summary>
    public TimeSpan Gap(TimeSpan since)
    {
        TimeSpan worst = TimeSpan.Zero;
        foreach (List<(TimeSpan At, long, long)> partition in _acked)
        {
            TimeSpan before = since;
            foreach (TimeSpan at in partition.Select(each => each.At).Where(at => at >= since).Append(_cluster.Time.Elapsed))
            {
                worst = at - before > worst ? at - before : worst;
                before = at;
            }
        }

        return worst;
    }

    /// <summary>The last answer in words, for whoever wonders why nothing goes on.</summary>
    public string Last => _last;

    /// <summary>True when something was acknowledged on every partition after the given time.</summary>
    public bool GoesOn(TimeSpan after) => _acked.All(each => each.Count > 0 && each[^1].At > after);

    /// <summary>Sends nothing more, and waits for what is under way.</summary>
    public void Stop()
    {
        _isStopped = true;
        Assert.True(_cluster.RunUntil(() => _running == 0, TimeSpan.FromMinutes(2)), $"the producers could not deliver everything; the last answer was {_last}");
        Assert.Empty(_client.Failures);
    }

    /// <summary>Reads every partition at its leader: all that was acknowledged is there as it was, and nothing twice.</summary>
    public void Verify()
    {
        for (int partition = 0; partition < _acked.Length; partition++)
        {
            Dictionary<long, long> read = Read(partition);
            foreach ((_, long offset, long value) in _acked[partition])
            {
                Assert.True(read.TryGetValue(offset, out long found) && found == value, $"{_topic}-{partition}: {value} was acknowledged at offset {offset}, of {read.Count}; there is {found}");
            }

            Assert.Equal(read.Count, read.Values.Distinct().Count());
        }
    }

    private async Task Run(int partition)
    {
        try
        {
            await Produce(partition);
        }
        catch (Exception e)
        {
            _errors.Add($"{_topic}-{partition}: {e}");
        }

        _running--;
    }

    private async Task Produce(int partition)
    {
        int leader = -1;
        long producerId = -1;
        for (int sequence = 0; !_isStopped; sequence++)
        {
            while (true)
            {
                try
                {
                    if (producerId < 0)
                    {
                        InitProducerIdResponse id = await _client.Send<InitProducerIdRequest, InitProducerIdResponse>(
                            _client.Some(), new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000, ProducerId = -1, ProducerEpoch = -1 }, TimeSpan.FromSeconds(0.5));
                        _last = $"a producer id: {id.ErrorCode}";
                        producerId = id.ErrorCode == ErrorCode.None ? id.ProducerId : -1;
                    }

                    if (producerId >= 0 && leader < 0)
                    {
                        leader = await FindLeader(partition);
                    }

                    if (producerId >= 0 && leader > 0 && await Send(partition, leader, producerId, sequence))
                    {
                        break;
                    }
                }
                catch (LinkException)
                {
                    // Whoever was asked is gone.
                }

                leader = -1;
                await Virtually(s_again);
            }

            await Virtually(s_pace);
        }
    }

    /// <summary>Lets simulated time pass, which takes none.</summary>
    private async Task Virtually(TimeSpan time)
    {
        var over = new TaskCompletionSource();
        await using ITimer timer = _client.Clock.CreateTimer(_ => over.TrySetResult(), null, time, Timeout.InfiniteTimeSpan);
        await over.Task;
    }

    private async Task<int> FindLeader(int partition)
    {
        MetadataResponse response = await _client.Send<MetadataRequest, MetadataResponse>(
            _client.Some(), new MetadataRequest { Topics = [new() { Name = _topic }] }, TimeSpan.FromSeconds(0.5));
        return response.Topics is [{ } topic] && topic.Partitions.Find(each => each.PartitionIndex == partition) is { ErrorCode: ErrorCode.None } found ? found.LeaderId : -1;
    }

    private async Task<bool> Send(int partition, int leader, long producerId, int sequence)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { ProducerId = new ProducerId(producerId), ProducerEpoch = 0, BaseSequence = sequence });
        builder.Append(_cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), default, Encoding.ASCII.GetBytes(sequence.ToString(CultureInfo.InvariantCulture)));
        ProduceResponse response = await _client.Send<ProduceRequest, ProduceResponse>(
            leader,
            new ProduceRequest
            {
                Acks = -1,
                TimeoutMs = 1_000,
                TopicData = [new() { Name = _topic, PartitionData = [new() { Index = partition, Records = builder.Build().ToArray() }] }],
            },
            TimeSpan.FromSeconds(1.5),
            highest: 12);
        ProduceResponse.PartitionProduceResponse answer = response.Responses[0].PartitionResponses[0];
        _last = $"{_topic}-{partition} at {leader}: {answer.ErrorCode}";
        switch (answer.ErrorCode)
        {
            case ErrorCode.None:
                _acked[partition].Add((_cluster.Time.Elapsed, answer.BaseOffset, sequence));
                return true;
            case ErrorCode.NotLeaderOrFollower or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.UnknownTopicOrPartition or ErrorCode.RequestTimedOut:
                return false;
            default:
                _errors.Add($"{_topic}-{partition}: {answer.ErrorCode}");
                return false;
        }
    }

    private Dictionary<long, long> Read(int partition)
    {
        Dictionary<long, long> read = [];
        int leader = -1;
        for (long next = 0; ;)
        {
            if (leader < 0)
            {
                leader = _client.Ask<MetadataRequest, MetadataResponse>(1, new MetadataRequest { Topics = [new() { Name = _topic }] }).Topics[0].Partitions.First(each => each.PartitionIndex == partition).LeaderId;
            }

            FetchResponse.PartitionData data = _client.Ask<FetchRequest, FetchResponse>(
                leader,
                new FetchRequest
                {
                    MaxWaitMs = 0,
                    MinBytes = 0,
                    Topics = [new() { Topic = _topic, Partitions = [new() { Partition = partition, FetchOffset = next, PartitionMaxBytes = 1 << 20 }] }],
                },
                highest: 12).Responses[0].Partitions[0];
            Assert.Equal(ErrorCode.None, data.ErrorCode);
            var walk = new BatchWalk(data.Records is { } records ? records.Span : []);
            long before = next;
            while (walk.MoveNext())
            {
                var reader = new RecordReader(walk.Current, walk.Current.Payload);
                while (reader.MoveNext(out RecordView record))
                {
                    read.Add(record.Offset, long.Parse(Encoding.ASCII.GetString(record.Value.Span), CultureInfo.InvariantCulture));
                    next = record.Offset + 1;
                }
            }

            if (next == before)
            {
                return read;
            }
        }
    }
}
