using System.Diagnostics;
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
/// Writes records whose values are all different, one batch at a time. With acks=all it is idempotent and sends a batch until that is
/// answered; with acks=1 it sends each once, and expects nothing of what only a leader had.
/// </summary>
internal sealed class HistoryWriter(string name, LoadedTopic topic, SharedHistory history, SeededRandom random, IReadOnlyList<BrokerAddress> nodes, short acks)
    : HistoryClient(name, topic, history, random, nodes)
{
    private const int ProduceTimeoutMs = 3000;
    private static readonly TimeSpan LastWordTimeMax = TimeSpan.FromSeconds(90);
    private readonly Dictionary<PartitionId, int> _sequences = [];
    private ProducerId _producer;
    private short _epoch = -1;
    private long _count;
    private long _stoppedAt;

    private bool IsIdempotent => acks == -1;

    public override async Task RunAsync(CancellationToken stop)
    {
        await using CancellationTokenRegistration stopping = stop.Register(() => _stoppedAt = Stopwatch.GetTimestamp());
        while (!stop.IsCancellationRequested)
        {
            await RestAsync(1, 40);
            if (IsIdempotent && _epoch < 0 && !await TakeProducerIdAsync())
            {
                continue;
            }

            string[] values = [.. Enumerable.Range(0, Random.Between(1, 3)).Select(_ => $"{Name}:{++_count}:{new string('x', Random.Between(0, 60))}")];
            WriteAttempt write = History.Begin(Name, AnyPartition(), values, acks, IsIdempotent);
            await WriteAsync(write);
        }
    }

    private async Task WriteAsync(WriteAttempt write)
    {
        int sequence = _sequences.GetValueOrDefault(write.Partition);
        byte[] batch = Batch(write, sequence);
        while (true)
        {
            ErrorCode? error = await SendAsync(write, batch);
            switch (error)
            {
                case ErrorCode.None:
                    _sequences[write.Partition] = sequence + write.Values.Count;
                    return;
                case ErrorCode.NotEnoughReplicas when !write.MayStand:
                    // It was not appended and never will be, so the next batch takes its sequence.
                    History.Refused(write);
                    await RestAsync(50, 200);
                    return;
                case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch when IsIdempotent:
                    History.Break("13 an idempotent producer's state stays", $"{write.Partition}: {error} for {write.Values[0]} at sequence {sequence}, all before it was acknowledged");
                    return;
                default:
                    History.MayStand(write);
                    break;
            }

            await RefreshAsync();
            if (!IsIdempotent)
            {
                return;
            }

            if (_stoppedAt != 0 && Stopwatch.GetElapsedTime(_stoppedAt) > LastWordTimeMax)
            {
                History.Break("18 every write is resolved", $"{write.Partition}: {write.Values[0]} was not answered within {LastWordTimeMax.TotalSeconds} s after all was healed: {error?.ToString() ?? "no answer"}");
                return;
            }

            await RestAsync(10, 100);
        }
    }

    private async Task<ErrorCode?> SendAsync(WriteAttempt write, byte[] batch)
    {
        try
        {
            BrokerConnection leader = await Cluster.ConnectToLeaderAsync(Place(write.Partition));
            var request = new ProduceRequest
            {
                Acks = acks,
                TimeoutMs = ProduceTimeoutMs,
                TopicData =
                [
                    new() { Name = write.Partition.Topic, TopicId = write.Partition.TopicId, PartitionData = [new() { Index = write.Partition.Index, Records = batch }] },
                ],
            };
            ProduceResponse answer = await leader.SendAsync<ProduceResponse>(request);
            ProduceResponse.PartitionProduceResponse result = answer.Responses[0].PartitionResponses[0];
            if (result.ErrorCode == ErrorCode.None)
            {
                History.Acknowledged(write, result.BaseOffset);
            }

            return result.ErrorCode;
        }
        catch (ClientException)
        {
            return null;
        }
    }

    private async Task<bool> TakeProducerIdAsync()
    {
        try
        {
            InitProducerIdResponse answer = await Cluster.SendToAnyAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionTimeoutMs = 60_000, ProducerId = -1, ProducerEpoch = -1 });
            if (answer.ErrorCode != ErrorCode.None)
            {
                return false;
            }

            (_producer, _epoch) = (new ProducerId(answer.ProducerId), answer.ProducerEpoch);
            return true;
        }
        catch (ClientException)
        {
            return false;
        }
    }

    private byte[] Batch(WriteAttempt write, int sequence)
    {
        using var builder = new RecordBatchBuilder(IsIdempotent
            ? new RecordBatchOptions { ProducerId = _producer, ProducerEpoch = _epoch, BaseSequence = sequence }
            : RecordBatchOptions.Default);
        foreach (string value in write.Values)
        {
            builder.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, Encoding.ASCII.GetBytes(value));
        }

        return builder.Build().ToArray();
    }
}
