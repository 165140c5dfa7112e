using System.Text;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>
/// An idempotent producer as librdkafka is one: several batches of a partition are in flight at once; when one fails, the answers to all are
/// awaited, and what is not acknowledged is sent again in its order. Like librdkafka it holds the cluster for broken when a batch is out
/// of order although all before it was sent, and when a batch is taken behind one that was refused.
/// </summary>
public sealed class FlightProducerClient(SimulatedCluster cluster, ScenarioTrace trace, History history, string name)
    : ScenarioClient(cluster, trace, history, name)
{
    private const int InFlightMax = 5;
    private const int FlightsMax = 100;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);
    private readonly Dictionary<PartitionId, int> _sequences = [];
    private ProducerId _producerId = ProducerId.None;
    private short _producerEpoch;
    private long _count;

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            await Rest(5, 150);
            if ((_producerId != ProducerId.None || await TakeProducerId()) && await Choose() is { } partition)
            {
                await Write(partition, Random.Between(2, 15));
            }
        }
    }

    private async Task Write(PartitionId partition, int batches)
    {
        var waiting = new List<Batch>();
        for (int flight = 0; flight < FlightsMax && Known.Contains(partition); flight++)
        {
            while (waiting.Count < InFlightMax && batches > 0)
            {
                waiting.Add(Next(partition));
                batches--;
            }

            if (waiting.Count == 0)
            {
                return;
            }

            ErrorCode?[] answers = LeaderOf(partition) is { } leader ? await Fly(leader, partition, waiting) : [];
            if (!IsInOrder(partition, waiting, answers))
            {
                break;
            }

            waiting.RemoveAll(batch => batch.IsAcknowledged);
            if (waiting.Count > 0)
            {
                await Rest(5, 200);
                await Refresh();
            }
        }

        // What was not acknowledged may come to stand later; nothing else may take its sequences.
        if (waiting.Count > 0)
        {
            _producerId = ProducerId.None;
            _sequences.Clear();
        }
    }

    /// <summary>Sends the batches one after the other, and waits for all answers. Behind one that failed by then no more are sent.</summary>
    private async Task<ErrorCode?[]> Fly(int leader, PartitionId partition, IReadOnlyList<Batch> batches)
    {
        var answers = new List<Task<ErrorCode?>>();
        DateTimeOffset until = Process.Clock.GetUtcNow() + s_patience;
        foreach (Batch batch in batches)
        {
            // The first is given up last.
            TimeSpan patience = until - Process.Clock.GetUtcNow() - TimeSpan.FromMilliseconds(answers.Count);
            answers.Add(Send(leader, partition, batch, patience));
            await Rest(0, 8);
            if (answers.Any(answer => answer is { IsCompleted: true, Result: not ErrorCode.None }))
            {
                break;
            }
        }

        return await Task.WhenAll(answers);
    }

    /// <summary>Whether the producer can go on; what a correct cluster never answers breaks a rule.</summary>
    private bool IsInOrder(PartitionId partition, IReadOnlyList<Batch> batches, IReadOnlyList<ErrorCode?> answers)
    {
        int refused = -1;
        bool isLost = false;
        for (int i = 0; i < answers.Count; i++)
        {
            switch (answers[i])
            {
                case ErrorCode.None when refused >= 0:
                    History.Broken(partition, "13 a flight keeps its order", $"{partition}: {batches[i]} was taken, and {batches[refused]} before it was refused with {answers[refused]}");
                    return false;
                case ErrorCode.None:
                    // What stands behind others is taken behind them: nothing else is said of those without an answer, and they are not sent again.
                    foreach (Batch before in batches.Take(i))
                    {
                        before.IsAcknowledged = true;
                    }

                    break;
                case null:
                    isLost = true;
                    break;
                case ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicasAfterAppend:
                    break;
                case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.InvalidProducerEpoch or ErrorCode.UnknownProducerId:
                    if (!isLost)
                    {
                        History.Broken(partition, "13 an idempotent producer goes on", $"{partition}: {batches[i]} is refused with {answers[i]}, and all before it was sent");
                        return false;
                    }

                    break;
                default:
                    refused = refused < 0 ? i : refused;
                    break;
            }
        }

        return true;
    }

    private async Task<ErrorCode?> Send(int leader, PartitionId partition, Batch batch, TimeSpan patience)
    {
        batch.Write ??= History.Begin(Name, partition, [batch.Value], -1, isIdempotent: true);
        var request = new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 3000,
            TopicData = [new() { Name = partition.Topic, TopicId = partition.TopicId, PartitionData = [new() { Index = partition.Index, Records = batch.Bytes }] }],
        };
        ProduceResponse? answer = await Ask<ProduceRequest, ProduceResponse>(leader, request, patience, lowest: 13);
        ProduceResponse.PartitionProduceResponse? result = answer?.Responses[0].PartitionResponses[0];
        Trace.Tell($"{Name}: node {leader} answers {result?.ErrorCode.ToString() ?? "nothing"} to {batch} for {partition}{(result?.ErrorCode == ErrorCode.None ? $"@{result.BaseOffset}" : "")}");
        if (result is not null)
        {
            Trace.Count($"produce {result.ErrorCode}");
        }

        if (result?.ErrorCode == ErrorCode.None)
        {
            batch.IsAcknowledged = true;
            History.Acknowledged(batch.Write, result.BaseOffset);
        }

        return result?.ErrorCode;
    }

    private async Task<bool> TakeProducerId()
    {
        if (await NewProducer() is not { } given)
        {
            return false;
        }

        (_producerId, _producerEpoch) = (new ProducerId(given.Id), given.Epoch);
        return true;
    }

    private Batch Next(PartitionId partition)
    {
        int sequence = _sequences.GetValueOrDefault(partition);
        _sequences[partition] = sequence + 1;
        string value = $"{Name}:{++_count}";
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { ProducerId = _producerId, ProducerEpoch = _producerEpoch, BaseSequence = sequence });
        builder.Append(Cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), default, Encoding.ASCII.GetBytes(value));
        return new Batch(value, sequence, builder.Build().ToArray());
    }

    private sealed record Batch(string Value, int Sequence, byte[] Bytes)
    {
        public WriteAttempt? Write { get; set; }

        public bool IsAcknowledged { get; set; }

        public override string ToString() => $"{Value} at sequence {Sequence}";
    }
}
