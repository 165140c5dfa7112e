using System.Buffers;
using Microsoft.Extensions.Logging;
using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Coordinating;

/// <summary>Reads a coordinator's partition from its start and has a shard replay it.</summary>
internal sealed class ShardLoader(CoordinatorLog topic, string partition, MemoryPool<byte> buffers, ILogger log)
{
    private const int ChunkBytes = 1 << 20;

    public long Records { get; private set; }

    /// <summary>Replays up to <paramref name="end"/>. False when it was told to stop.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">A batch is damaged.</exception>
    public bool Load(PartitionLog from, Offset end, CoordinatorShard into, Func<bool> isStopped)
    {
        Offset at = from.LogStart;
        while (at < end)
        {
            if (isStopped())
            {
                return false;
            }

            using LogSlice slice = from.Read(at, ChunkBytes, end, atLeastOneBatch: true);
            if (slice.Error == ErrorCode.OffsetOutOfRange && from.LogStart > at)
            {
                at = from.LogStart;
                continue;
            }

            if (slice.Error != ErrorCode.None || slice.IsEmpty)
            {
                throw new IOException($"{partition}: offset {at} cannot be read ({slice.Error})");
            }

            using IMemoryOwner<byte> owner = buffers.Rent(slice.Length);
            Span<byte> bytes = owner.Memory.Span[..slice.Length];
            slice.CopyTo(bytes);
            at = Replay(bytes, at, end, into);
        }

        return true;
    }

    /// <summary>Replays the whole batches among the bytes; answers the offset that follows them.</summary>
    private Offset Replay(ReadOnlySpan<byte> bytes, Offset from, Offset end, CoordinatorShard into)
    {
        Offset next = from;
        ReadOnlySpan<byte> rest = bytes;
        for (; StoredBatch.TryTake(rest, out StoredBatch stored); rest = rest[(int)stored.SizeInBytes..])
        {
            if (stored.LastOffset < from)
            {
                continue;
            }

            if (stored.BaseOffset >= end)
            {
                return end;
            }

            if (!stored.CrcIsValid())
            {
                throw new InvalidDataException($"{partition}: the batch at offset {stored.BaseOffset} has a wrong checksum");
            }

            next = stored.LastOffset + 1;
            if (stored.IsLegacy)
            {
                // Offsets that were committed before Kafka 0.11 and never since.
                Replay(stored, null, into);
                continue;
            }

            RecordBatchHeader batch = stored.Header;
            TransactionalWriter? writer = batch.IsTransactional ? new TransactionalWriter(batch.ProducerId, batch.ProducerEpoch) : null;
            if (batch.IsControl)
            {
                if (writer is { } ended && TransactionMarker.TryRead(batch, out TransactionMarker marker))
                {
                    into.ReplayMarker(ended, !marker.Aborts);
                }
            }
            else
            {
                Replay(stored, writer, into);
            }
        }

        return next > from ? next : throw new InvalidDataException($"{partition}: no batch can be read at offset {from}: {StoredBatch.Frame(rest, out _)}");
    }

    private void Replay(StoredBatch batch, TransactionalWriter? writer, CoordinatorShard into)
    {
        using StoredRecords reader = batch.Records();
        while (reader.MoveNext(out RecordView record))
        {
            Records++;
            if (into.TryReplayRaw(record.Key.Span, record.Value.Span, record.Value.IsNull, writer))
            {
                continue;
            }

            CoordinatorRecord read;
            try
            {
                ICoordinatorKey key = CoordinatorRecordFrame.ReadKey(topic, record.Key.ToArray() ?? []);
                byte[]? value = record.Value.ToArray();
                read = new CoordinatorRecord(key, value is null ? null : CoordinatorRecordFrame.ReadValue(topic, key.RecordType, value), 0);
            }
            catch (ProtocolException e)
            {
                ShardLog.RecordUnknown(log, partition, record.Offset, e.Message);
                continue;
            }

            into.Replay(read, writer);
        }

        reader.ThrowIfFaulty();
    }
}
