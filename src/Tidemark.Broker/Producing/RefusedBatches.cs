using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Broker.Producing;

/// <summary>
/// The last batch of each idempotent producer that was refused on a connection for a reason that passes. What the producer had in flight
/// behind it is refused for the same reason, even if that has passed meanwhile: judged by itself it would be out of order, or be taken
/// before its predecessor where the partition does not know the producer. librdkafka answers an error of order with a new producer epoch,
/// under which brokers take anew what a former leader may have kept. A batch that comes again, and any other, is judged by itself.
/// </summary>
internal sealed class RefusedBatches(TimeProvider time)
{
    /// <summary>
    /// What is in flight behind a refused batch was sent before the refusal came back, and is here within milliseconds, or seconds where packets are lost or this
    /// broker stands still: after more than a session of brokers (9 s) it leads nothing. Producers send again after a second at most; what comes later
    /// than this has nothing to do with the refusal, and its predecessor may have been accepted elsewhere.
    /// </summary>
    private static readonly TimeSpan s_inFlightMax = TimeSpan.FromSeconds(10);

    /// <summary>More producers and partitions than clients write to by one connection at a time; a client that invents some takes no more memory than these need.</summary>
    private const int CountMax = 1000;
    private readonly Dictionary<Key, Refusal> _refusals = [];

    public static bool Passes(ErrorCode error) => error is ErrorCode.NotLeaderOrFollower or ErrorCode.NotEnoughReplicas or ErrorCode.KafkaStorageError
        or ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId;

    /// <summary>Why the batch is refused for the sake of the one before it; None where it is to be judged by itself.</summary>
    public ErrorCode ReasonBefore(in ProduceTopic topic, in ProducePartition partition)
    {
        if (_refusals.Count == 0 || Plants.IsOn(Plant.FlightTakenApart) || !TryRead(topic, partition, out Key key, out int first, out _) || !_refusals.Remove(key, out Refusal before))
        {
            return ErrorCode.None;
        }

        bool isBehind = first == RecordBatchHeader.AddToSequence(before.LastSequence, 1) && time.GetElapsedTime(before.At) <= s_inFlightMax;
        return isBehind ? before.Error : ErrorCode.None;
    }

    /// <summary>The batch was refused before anything of it was written.</summary>
    /// <param name="error">One that passes.</param>
    public void Add(in ProduceTopic topic, in ProducePartition partition, ErrorCode error)
    {
        if (TryRead(topic, partition, out Key key, out _, out int last))
        {
            if (_refusals.Count >= CountMax)
            {
                _refusals.Clear();
            }

            _refusals[key] = new Refusal(last, error, time.GetTimestamp());
        }
    }

    private static bool TryRead(in ProduceTopic topic, in ProducePartition partition, out Key key, out int first, out int last)
    {
        (key, first, last) = (default, 0, 0);
        if (partition.Records.Length < RecordBatchHeader.Size)
        {
            return false;
        }

        var batch = new RecordBatchHeader(partition.Records.Span);
        if (batch.Magic != RecordBatchHeader.CurrentMagic || batch.ProducerId.Value < 0 || batch.BaseSequence < 0)
        {
            return false;
        }

        key = new Key(topic.IsById ? "" : topic.Name, topic.IsById ? topic.Id : Uuid.Zero, partition.PartitionIndex, batch.ProducerId.Value, batch.ProducerEpoch);
        (first, last) = (batch.BaseSequence, batch.LastSequence);
        return true;
    }

    private readonly record struct Key(string Topic, Uuid Id, int Partition, long Producer, short Epoch);

    private readonly record struct Refusal(int LastSequence, ErrorCode Error, long At);
}
