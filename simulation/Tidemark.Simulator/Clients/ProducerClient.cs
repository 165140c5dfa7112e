using System.Text;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>
/// Writes records whose values are all different. A plain producer sends each batch once; an idempotent one sends it again until it is
/// answered, and with a new producer id when the old one's sequence was broken.
/// </summary>
public sealed class ProducerClient(SimulatedCluster cluster, ScenarioTrace trace, History history, string name, short acks, bool isIdempotent)
    : ScenarioClient(cluster, trace, history, name)
{
    private readonly Dictionary<PartitionId, int> _sequences = [];
    private long _producerId = -1;
    private short _producerEpoch;
    private long _count;

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            await Rest(5, 150);
            if ((isIdempotent && _producerId < 0 && !await TakeProducerId()) || await Choose() is not { } partition)
            {
                continue;
            }

            string[] values = [.. Enumerable.Range(0, Random.Between(1, 3)).Select(_ => $"{Name}:{++_count}")];
            WriteAttempt write = History.Begin(Name, partition, values, acks, isIdempotent);
            await Write(write);
        }
    }

    private async Task Write(WriteAttempt write)
    {
        int sequence = _sequences.GetValueOrDefault(write.Partition);
        byte[] batch = Batch(write, sequence);
        for (int attempt = 0; ; attempt++)
        {
            ErrorCode? error = await Send(write, batch);
            switch (error)
            {
                case ErrorCode.None:
                    _sequences[write.Partition] = sequence + write.Values.Count;
                    if (isIdempotent && Random.Chance(0.15))
                    {
                        await SendAgain(write, batch);
                    }

                    return;
                case ErrorCode.NotEnoughReplicas:
                    break;
                case ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition when attempt > 3 && !write.MayStand:
                    // Deleted, or never heard of where it was sent.
                    await Refresh();
                    return;
                case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch:
                    Trace.Tell($"{Name}: {error} for {write.Values[0]} in {write.Partition} at sequence {sequence}");
                    write.MayStand = true;
                    GiveUp();
                    return;
                case ErrorCode.LeaderNotAvailable:
                    break;
                default:
                    write.MayStand = true;
                    break;
            }

            if (!isIdempotent || !Known.Contains(write.Partition) || attempt > 200)
            {
                if (error == ErrorCode.NotEnoughReplicas)
                {
                    History.Refused(write);
                }

                // The next batch must not take a sequence that this one may still fill.
                GiveUp();
                await Refresh();
                return;
            }

            await Rest(20, 300);
            await Refresh();
        }
    }

    /// <summary>As if the answer had been lost: whoever leads by now knows the batch again and says where it stands.</summary>
    private async Task SendAgain(WriteAttempt write, byte[] batch)
    {
        await Rest(0, 2000);
        await Refresh();
        if (Known.Contains(write.Partition) && await Send(write, batch) == ErrorCode.OutOfOrderSequenceNumber)
        {
            History.Broken(write.Partition, "13 what stands is known again", $"{write.Partition}: {write.Values[0]} was acknowledged, and is out of order when it is sent again");
        }
    }

    private async Task<ErrorCode?> Send(WriteAttempt write, byte[] batch)
    {
        if (LeaderOf(write.Partition) is not { } leader)
        {
            return ErrorCode.LeaderNotAvailable;
        }

        var request = new ProduceRequest
        {
            Acks = acks,
            TimeoutMs = 3000,
            TopicData =
            [
                new() { Name = write.Partition.Topic, TopicId = write.Partition.TopicId, PartitionData = [new() { Index = write.Partition.Index, Records = batch }] },
            ],
        };
        ProduceResponse? answer = await Ask<ProduceRequest, ProduceResponse>(leader, request, lowest: 13);
        if (answer is null)
        {
            Trace.Tell($"{Name}: no answer from node {leader} to {write.Values[0]} for {write.Partition}");
            return null;
        }

        ProduceResponse.PartitionProduceResponse result = answer.Responses[0].PartitionResponses[0];
        Trace.Tell($"{Name}: node {leader} answers {result.ErrorCode} to {write.Values[0]} for {write.Partition}{(result.ErrorCode == ErrorCode.None ? $"@{result.BaseOffset}" : "")}");
        Trace.Count($"produce {result.ErrorCode}");
        if (result.ErrorCode == ErrorCode.None)
        {
            History.Acknowledged(write, result.BaseOffset);
        }

        return result.ErrorCode;
    }

    private void GiveUp()
    {
        _producerId = -1;
        _sequences.Clear();
    }

    private async Task<bool> TakeProducerId()
    {
        if (await NewProducer() is not { } given)
        {
            return false;
        }

        (_producerId, _producerEpoch) = given;
        return true;
    }

    private byte[] Batch(WriteAttempt write, int sequence)
    {
        using var builder = new RecordBatchBuilder(isIdempotent
            ? new RecordBatchOptions { ProducerId = new ProducerId(_producerId), ProducerEpoch = _producerEpoch, BaseSequence = sequence }
            : RecordBatchOptions.Default);
        foreach (string value in write.Values)
        {
            builder.Append(Cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), default, Encoding.ASCII.GetBytes(value));
        }

        return builder.Build().ToArray();
    }
}
