using System.Text;
using Tidemark.Client;
using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Clients;

/// <summary>
/// Reads ends and records. It also asks nodes that it does not take for the leader: one that was replaced without knowing would give
/// itself away by an answer older than what somebody was told before.
/// </summary>
internal sealed class HistoryReader(string name, LoadedTopic topic, SharedHistory history, SeededRandom random, IReadOnlyList<BrokerAddress> nodes)
    : HistoryClient(name, topic, history, random, nodes)
{
    private const int PieceBytes = 1 << 20;
    private const int FetchWaitMs = 100;
    private const double ChanceOfAnyNode = 0.4;
    private const double ChanceOfReading = 0.4;
    private readonly Dictionary<PartitionId, long> _positions = [];

    public override async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            PartitionId partition = AnyPartition();
            try
            {
                bool answered = Random.Chance(ChanceOfAnyNode) && Cluster.Metadata.Brokers.Count > 0
                    ? await AskForEndAsync(await Cluster.ConnectToAsync(new BrokerId(Random.Between(1, Cluster.Metadata.Brokers.Count)), stop), partition)
                    : await AskLeaderAsync(await Cluster.ConnectToLeaderAsync(Place(partition), stop), partition);
                if (!answered && Random.Chance(ChanceOfReading))
                {
                    await RefreshAsync();
                }
            }
            catch (ClientException)
            {
                await RefreshAsync();
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await RestAsync(1, 25);
        }
    }

    private Task<bool> AskLeaderAsync(BrokerConnection leader, PartitionId partition) =>
        Random.Chance(ChanceOfReading) ? ReadAsync(leader, partition) : AskForEndAsync(leader, partition);

    private async Task<bool> AskForEndAsync(BrokerConnection node, PartitionId partition)
    {
        long floor = History.Floor(partition);
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Index, Timestamp = -1 }] }],
        };
        ListOffsetsResponse answer = await node.SendAsync<ListOffsetsResponse>(request);
        ListOffsetsResponse.ListOffsetsPartitionResponse end = answer.Topics[0].Partitions[0];
        if (end.ErrorCode != ErrorCode.None)
        {
            return false;
        }

        History.ToldEnd(partition, end.Offset, floor, $"{Name} at {node.Address} in epoch {end.LeaderEpoch}");
        return true;
    }

    private async Task<bool> ReadAsync(BrokerConnection node, PartitionId partition)
    {
        long floor = History.Floor(partition);
        long position = _positions.GetValueOrDefault(partition);

        // With the epoch only its leader answers: a follower may have less, and be right to say so.
        int epoch = Cluster.Metadata.Find(Place(partition))?.LeaderEpoch ?? -1;
        var request = new FetchRequest
        {
            MaxWaitMs = FetchWaitMs,
            MinBytes = 1,
            MaxBytes = PieceBytes,
            SessionEpoch = -1,
            Topics =
            [
                new()
                {
                    Topic = partition.Topic,
                    TopicId = partition.TopicId,
                    Partitions = [new() { Partition = partition.Index, FetchOffset = position, CurrentLeaderEpoch = epoch, PartitionMaxBytes = PieceBytes }],
                },
            ],
        };
        using Reply<FetchResponse> reply = await node.SendPooledAsync<FetchResponse>(request, TimeSpan.FromMilliseconds(FetchWaitMs));
        if (reply.Message.Responses is not [{ Partitions: [var data] }])
        {
            return false;
        }

        string by = $"{Name} at {node.Address}";
        if (data.ErrorCode == ErrorCode.OffsetOutOfRange && position <= floor && epoch >= 0)
        {
            History.Break("11 what was acknowledged or read can be read", $"{partition}: {by} was told that {position} is out of range when {floor} was known before it asked");
        }

        if (data.ErrorCode != ErrorCode.None)
        {
            return false;
        }

        // The high watermark that comes along is no claim: that of a new leader stands where it last heard of it, until its followers have asked.
        Take(partition, position, data.Records ?? default, by);
        return true;
    }

    private void Take(PartitionId partition, long position, ReadOnlyMemory<byte> batches, string by)
    {
        var walk = new BatchWalk(batches.Span);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            if (!batch.CrcIsValid())
            {
                History.Break("11 an offset has one value for ever", $"{partition}@{batch.BaseOffset}: {by} got a batch with a wrong checksum");
                return;
            }

            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext(out RecordView record))
            {
                if (record.Offset < position)
                {
                    continue;
                }

                if (record.Offset != position)
                {
                    History.Break("15 readers see every offset", $"{partition}: {by} got {record.Offset} after {position - 1}");
                    return;
                }

                History.Seen(partition, record.Offset, Encoding.ASCII.GetString(record.Value.Span), by);
                position++;
            }
        }

        _positions[partition] = position;
    }
}
