using System.Buffers.Binary;
using Tidemark.Records;

namespace Tidemark.Commands.Logs;

/// <summary>What was found in one segment.</summary>
internal sealed record SegmentReport(string Path, int Batches, long Records, long FirstOffset, long NextOffset, int LastEpoch, long Bytes, IReadOnlyList<string> Problems);

/// <summary>
/// Checks one segment and its indexes: every batch's frame, checksum, offsets and records; every entry of the offset index points to
/// a batch that ends at its offset; the time index rises and names timestamps that are there; leader epochs never fall.
/// </summary>
internal sealed class SegmentCheck(string path)
{
    private const int ProblemsMax = 20;

    private readonly List<string> _problems = [];
    private readonly Dictionary<long, long> _positionOfLastOffset = [];
    private readonly List<(long LastOffset, long MaxTimestamp)> _ends = [];

    /// <param name="epochBefore">The last leader epoch of the segment before, -1 when there is none.</param>
    /// <param name="nextBefore">The offset after the last one of the segment before; null when there is none.</param>
    public SegmentReport Run(int epochBefore, long? nextBefore)
    {
        int batches = 0, epoch = epochBefore;
        long records = 0, first = -1, max = -1;
        _ = LogFiles.TryBaseOffset(path, out long next);
        if (nextBefore > next)
        {
            Problem($"begins at offset {next}, but the segment before goes on to {nextBefore - 1}");
        }

        using var reader = new SegmentReader(path);
        while (reader.MoveNext())
        {
            StoredBatch header = reader.Batch;
            batches++;
            first = first >= 0 ? first : header.HasBaseOffset ? header.BaseOffset.Value : next;
            CheckBatch(header, reader.Position, next, ref records);
            if (header.LeaderEpoch.Value < epoch && !header.IsLegacy)
            {
                Problem($"position {reader.Position}: leader epoch {header.LeaderEpoch.Value} after {epoch}");
            }

            epoch = Math.Max(epoch, header.LeaderEpoch.Value);
            next = header.LastOffset.Value + 1;
            max = Math.Max(max, header.MaxTimestamp);
            _positionOfLastOffset[header.LastOffset.Value] = reader.Position;
            _ends.Add((header.LastOffset.Value, max));
        }

        if (reader.Fault is { } fault)
        {
            Problem($"position {reader.Position}: {fault}");
        }

        CheckOffsetIndex();
        CheckTimeIndex();
        return new SegmentReport(path, batches, records, first, next, epoch, reader.FileLength, _problems);
    }

    private void CheckBatch(StoredBatch header, long position, long expected, ref long records)
    {
        if (header.BaseOffset.Value < expected)
        {
            Problem($"position {position}: offset {header.BaseOffset.Value} where {expected} or a later one was expected");
        }

        if (!header.CrcIsValid())
        {
            Problem($"position {position}: the checksum of the batch at offset {header.BaseOffset.Value} is wrong");
            return;
        }

        using StoredRecords reader = header.Records();
        long before = -1;
        while (reader.MoveNext(out RecordView record))
        {
            if (record.Offset <= before || record.Offset > header.LastOffset.Value || record.Offset < expected)
            {
                Problem($"position {position}: record offset {record.Offset} is out of order");
            }

            before = record.Offset;
        }

        records += reader.RecordsRead;
        RecordFault fault = reader.Fault;
        if (fault != RecordFault.None)
        {
            Problem($"position {position}: the records of the batch at offset {header.BaseOffset.Value} cannot be read: {fault}");
        }
    }

    private void CheckOffsetIndex()
    {
        const int EntryBytes = 8;
        ReadOnlySpan<byte> entries = Index(".index", EntryBytes);
        _ = LogFiles.TryBaseOffset(path, out long baseOffset);
        long before = -1;
        for (int at = 0; at + EntryBytes <= entries.Length; at += EntryBytes)
        {
            int relative = BinaryPrimitives.ReadInt32BigEndian(entries[at..]);
            int position = BinaryPrimitives.ReadInt32BigEndian(entries[(at + 4)..]);
            if (relative == 0 && position == 0 && at > 0)
            {
                // Kafka sets aside room for an index that is in use; the rest of it is zeros.
                break;
            }

            if (relative <= before || !_positionOfLastOffset.TryGetValue(baseOffset + relative, out long actual) || actual != position)
            {
                Problem($"index entry {at / EntryBytes}: no batch at position {position} ends at offset {baseOffset + relative}");
            }

            before = relative;
        }
    }

    private void CheckTimeIndex()
    {
        const int EntryBytes = 12;
        ReadOnlySpan<byte> entries = Index(".timeindex", EntryBytes);
        _ = LogFiles.TryBaseOffset(path, out long baseOffset);
        (long Time, int Offset) before = (-1, -1);
        int batch = 0;
        for (int at = 0; at + EntryBytes <= entries.Length; at += EntryBytes)
        {
            long time = BinaryPrimitives.ReadInt64BigEndian(entries[at..]);
            int relative = BinaryPrimitives.ReadInt32BigEndian(entries[(at + 8)..]);
            if (time == 0 && relative == 0 && at > 0)
            {
                break;
            }

            // An entry may name an offset within a batch: Kafka notes that of the record with the timestamp.
            while (batch < _ends.Count && _ends[batch].LastOffset < baseOffset + relative)
            {
                batch++;
            }

            long up = batch < _ends.Count ? _ends[batch].MaxTimestamp : -1;
            if (time < before.Time || relative < before.Offset || time > up)
            {
                Problem($"time index entry {at / EntryBytes}: timestamp {time} is not in the records up to offset {baseOffset + relative}");
            }

            before = (time, relative);
        }
    }

    private ReadOnlySpan<byte> Index(string suffix, int entryBytes)
    {
        string file = Path.ChangeExtension(path, suffix);
        if (!File.Exists(file))
        {
            return default;
        }

        byte[] content = File.ReadAllBytes(file);
        if (content.Length % entryBytes != 0)
        {
            Problem($"{Path.GetFileName(file)} has {content.Length} bytes, which is no multiple of {entryBytes}");
        }

        return content;
    }

    private void Problem(string text)
    {
        if (_problems.Count < ProblemsMax)
        {
            _problems.Add(text);
        }
        else if (_problems.Count == ProblemsMax)
        {
            _problems.Add("and more");
        }
    }
}
