using Tidemark.Records;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Checking;

/// <summary>
/// What brokers promise an idempotent producer, read from a partition's batches: its epochs never go back, and within one each sequence
/// follows the one before. A record that stands twice although this holds was sent by its client as a new one.
/// </summary>
public static class ProducerOrder
{
    private const string Rule = "13 a sequence is taken once and in its order";

    /// <exception cref="BrokenRuleException">A batch that no broker should have taken.</exception>
    public static void Check(PartitionId partition, IReadOnlyList<BatchMark> batches)
    {
        var last = new Dictionary<long, BatchMark>();
        foreach (BatchMark batch in batches.Where(batch => batch.Producer >= 0 && !batch.IsControl))
        {
            if (last.TryGetValue(batch.Producer, out BatchMark before))
            {
                int expected = batch.ProducerEpoch == before.ProducerEpoch ? RecordBatchHeader.AddToSequence(before.LastSequence, 1) : 0;
                if (batch.ProducerEpoch < before.ProducerEpoch || batch.FirstSequence != expected)
                {
                    throw new BrokenRuleException(Rule, $"{partition}: {batch} follows {before}, to {before.LastSequence}");
                }
            }

            last[batch.Producer] = batch;
        }
    }

    /// <summary>A record that stands twice, with the batches that hold it; null where there is none.</summary>
    /// <param name="values">Of all records in the batches, one after the other.</param>
    public static string? FindTwice(IReadOnlyList<BatchMark> batches, IReadOnlyList<string> values)
    {
        var places = new Dictionary<string, BatchMark>();
        int next = 0;
        foreach (BatchMark batch in batches)
        {
            for (long offset = batch.First; offset < batch.Next; offset++)
            {
                string value = values[next++];
                if (!places.TryAdd(value, batch))
                {
                    return $"{value} stands in {places[value]}, and at {offset} in {batch}";
                }
            }
        }

        return null;
    }
}
