using System.Diagnostics;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Commands.Perf.Latency;

/// <summary>Reads partitions of one leader: a fetch is always under way, and the next one is sent before what the last brought is looked at.</summary>
internal sealed class PolledConsumer
{
    private readonly PolledConnection _connection;
    private readonly string _topic;
    private readonly Dictionary<int, FetchRequest.FetchPartition> _partitions;
    private readonly FetchRequest _request;

    /// <param name="positions">By the partition's number the offset from which it is read.</param>
    public PolledConsumer(PolledConnection connection, TopicInfo topic, IReadOnlyDictionary<int, long> positions, ConsumerOptions options)
    {
        (_connection, _topic) = (connection, topic.Name);
        _partitions = positions.ToDictionary(
            one => one.Key,
            one => new FetchRequest.FetchPartition { Partition = one.Key, FetchOffset = one.Value, PartitionMaxBytes = options.PartitionMaxBytes });
        _request = new FetchRequest
        {
            MaxWaitMs = (int)options.MaxWait.TotalMilliseconds,
            MinBytes = options.MinBytes,
            MaxBytes = options.MaxBytes,
            Topics = [new FetchRequest.FetchTopic { Topic = topic.Name, TopicId = topic.Id, Partitions = [.. _partitions.Values] }],
        };
    }

    /// <summary>Sends a fetch; the first one is the caller's to send.</summary>
    public void Fetch(long now) => _connection.Send(_request, now);

    /// <summary>Notes the records that have come, if any have.</summary>
    /// <exception cref="BrokerErrorException">A partition cannot be read.</exception>
    public void Poll(long now, LatencyRun run)
    {
        if (!_connection.TryReceive(now, out FetchResponse? response))
        {
            return;
        }

        long arrived = Stopwatch.GetTimestamp();
        BrokerErrorException.ThrowIfError(response.ErrorCode, "Fetching");
        FetchedPartition[] fetched = [.. response.Responses.SelectMany(topic => topic.Partitions).Select(Take)];
        Fetch(arrived);
        foreach (FetchedPartition partition in fetched)
        {
            partition.ForEach((TopicPartition _, in RecordView record) => run.Note(record, arrived));
        }
    }

    /// <summary>Moves the partition's position behind what came of it.</summary>
    private FetchedPartition Take(FetchResponse.PartitionData data)
    {
        var partition = new TopicPartition(_topic, data.PartitionIndex);
        BrokerErrorException.ThrowIfError(data.ErrorCode, $"Reading {partition}");
        if (!_partitions.TryGetValue(data.PartitionIndex, out FetchRequest.FetchPartition? asked))
        {
            throw new ClientException($"The broker's answer names {partition}, which was not asked for");
        }

        long from = asked.FetchOffset;
        ReadOnlyMemory<byte> batches = data.Records ?? default;
        for (ReadOnlySpan<byte> rest = batches.Span; StoredBatch.TryTake(rest, out StoredBatch batch); rest = rest[(int)batch.SizeInBytes..])
        {
            asked.FetchOffset = Math.Max(asked.FetchOffset, batch.LastOffset.Value + 1);
        }

        return new FetchedPartition(partition, from, asked.FetchOffset, data.HighWatermark, data.LogStartOffset, batches);
    }
}
