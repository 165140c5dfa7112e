using System.Buffers.Binary;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>A transaction that was aborted: whose, from which offset to its marker's, and the last stable offset when it ended.</summary>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);

/// <summary>
/// <c>.txnindex</c>: the aborted transactions whose markers are in this segment, in the order of their markers. Absent where there are
/// none, which is nearly everywhere. 34 bytes an entry: version 0, producer id, first, last and last stable offset.
/// </summary>
internal sealed class TransactionIndex(IDisk disk, string path, int storedEntries)
{
    public const int EntryBytes = 34;

    private int _entries = storedEntries;

    public string Path { get; private set; } = path;

    public int Entries => Volatile.Read(ref _entries);

    public void Append(AbortedTransaction aborted)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt16BigEndian(entry, 0);
        BinaryPrimitives.WriteInt64BigEndian(entry[2..], aborted.ProducerId);
        BinaryPrimitives.WriteInt64BigEndian(entry[10..], aborted.FirstOffset);
        BinaryPrimitives.WriteInt64BigEndian(entry[18..], aborted.LastOffset);
        BinaryPrimitives.WriteInt64BigEndian(entry[26..], aborted.LastStableOffset);
        using IDiskFile file = disk.OpenFile(Path, DiskOpen.OpenOrCreate);
        file.Write((long)_entries * EntryBytes, entry);
        Volatile.Write(ref _entries, _entries + 1);
    }

    /// <summary>All entries.</summary>
    /// <exception cref="FileNotFoundException">The file went with its segment meanwhile, or is just being renamed.</exception>
    public List<AbortedTransaction> ReadAll()
    {
        int entries = Entries;
        var all = new List<AbortedTransaction>(entries);
        if (entries == 0)
        {
            return all;
        }

        byte[] content = new byte[entries * EntryBytes];
        using IDiskFile file = disk.OpenFile(Path, DiskOpen.Existing);
        int read = file.Read(0, content);
        for (ReadOnlySpan<byte> rest = content.AsSpan(0, read); rest.Length >= EntryBytes; rest = rest[EntryBytes..])
        {
            all.Add(new AbortedTransaction(
                BinaryPrimitives.ReadInt64BigEndian(rest[2..]),
                BinaryPrimitives.ReadInt64BigEndian(rest[10..]),
                BinaryPrimitives.ReadInt64BigEndian(rest[18..]),
                BinaryPrimitives.ReadInt64BigEndian(rest[26..])));
        }

        return all;
    }

    /// <summary>Drops the transactions that ended at or after the offset.</summary>
    public void TruncateTo(long offset)
    {
        if (_entries == 0)
        {
            return;
        }

        int keep = ReadAll().TakeWhile(aborted => aborted.LastOffset < offset).Count();
        using IDiskFile file = disk.OpenFile(Path, DiskOpen.OpenOrCreate);
        file.SetLength((long)keep * EntryBytes);
        Volatile.Write(ref _entries, keep);
    }

    public void Flush()
    {
        if (_entries > 0)
        {
            using IDiskFile file = disk.OpenFile(Path, DiskOpen.OpenOrCreate);
            file.Flush();
        }
    }

    /// <summary>Begins anew without entries.</summary>
    public void Clear()
    {
        disk.DeleteFile(Path);
        Volatile.Write(ref _entries, 0);
    }

    /// <summary>
    /// Goes with its segment. The entries are counted on, so that somebody who still has the segment learns that they are gone and does not take
    /// what was aborted for committed.
    /// </summary>
    public void Delete() => disk.DeleteFile(Path);

    public void Rename(string path)
    {
        if (_entries > 0)
        {
            disk.Rename(Path, path);
        }

        Path = path;
    }
}
