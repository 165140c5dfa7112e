using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Logs;

/// <summary>
/// Which leadership wrote which offsets: strictly increasing in epoch and in start (KIP-101). Readers take a snapshot without a lock;
/// writers are serialised by the log that owns it.
/// The file is behind the memory until <see cref="Persist"/>: an epoch under which a record stands can be read from that record
/// again, and one under which none stands is known to nobody else either. The log persists before its recovery point passes.
/// </summary>
public sealed class LeaderEpochCache
{
    private string _path;
    private volatile EpochStart[] _entries;
    private volatile EpochStart[]? _persisted;

    internal LeaderEpochCache(string directory, IEnumerable<EpochStart> entries, bool persisted)
    {
        _path = Path.Combine(directory, LeaderEpochCheckpoint.FileName);
        _entries = [.. entries];
        _persisted = persisted ? _entries : null;
    }

    /// <summary>Everything that is known, oldest first.</summary>
    public ReadOnlySpan<EpochStart> Entries => _entries;

    /// <summary>The newest epoch; <see cref="LeaderEpoch.Unknown"/> when none is known.</summary>
    public LeaderEpoch Latest => _entries is [.., var last] ? last.Epoch : LeaderEpoch.Unknown;

    /// <summary>
    /// The largest known epoch that is not above the one asked for and its exclusive end; false when nothing is known of it: no
    /// epoch was asked for, or it is newer than all that is known here. For an epoch older than all that is known the answer is
    /// that epoch and the start of the first known one.
    /// </summary>
    public bool TryGetEnd(LeaderEpoch asked, Offset logEnd, out LeaderEpoch epoch, out Offset end)
    {
        EpochStart[] entries = _entries;
        (epoch, end) = (LeaderEpoch.Unknown, Offset.Unknown);
        if (asked == LeaderEpoch.Unknown || entries.Length == 0 || asked > entries[^1].Epoch)
        {
            return false;
        }

        if (asked == entries[^1].Epoch)
        {
            (epoch, end) = (asked, logEnd);
            return true;
        }

        int above = entries.Length - 1;
        while (above > 0 && entries[above - 1].Epoch > asked)
        {
            above--;
        }

        epoch = above == 0 ? asked : entries[above - 1].Epoch;
        end = entries[above].Start;
        return true;
    }

    /// <summary>The epoch of the record at this offset, as far as known.</summary>
    public LeaderEpoch EpochAt(Offset offset)
    {
        EpochStart[] entries = _entries;
        for (int i = entries.Length - 1; i >= 0; i--)
        {
            if (entries[i].Start <= offset)
            {
                return entries[i].Epoch;
            }
        }

        return LeaderEpoch.Unknown;
    }

    /// <summary>Where the first epoch above the given one begins; null when none is known.</summary>
    internal Offset? StartAbove(LeaderEpoch epoch)
    {
        EpochStart[] entries = _entries;
        int first = entries.Length;
        while (first > 0 && entries[first - 1].Epoch > epoch)
        {
            first--;
        }

        return first < entries.Length ? entries[first].Start : null;
    }

    /// <summary>
    /// Notes that records of the epoch stand from here on. What contradicts it (a later epoch, a later start) goes. Where the epoch is known to
    /// have begun before, that stays: a later one may have been noted behind it under which nothing was written.
    /// </summary>
    internal void Assign(LeaderEpoch epoch, Offset start)
    {
        EpochStart[] entries = _entries;
        int keep = entries.Length;
        while (keep > 0 && (entries[keep - 1].Epoch > epoch || (entries[keep - 1].Start >= start && entries[keep - 1] != new EpochStart(epoch, start))))
        {
            keep--;
        }

        bool isKnown = keep > 0 && entries[keep - 1].Epoch == epoch;
        if (!isKnown || keep < entries.Length)
        {
            _entries = isKnown ? entries[..keep] : [.. entries.AsSpan(0, keep), new EpochStart(epoch, start)];
        }
    }

    /// <summary>Forgets the epochs that began at or after the log's new end, also when no record was cut off (KAFKA-10706).</summary>
    internal void TruncateFromEnd(Offset end)
    {
        EpochStart[] entries = _entries;
        int keep = entries.Length;
        while (keep > 0 && entries[keep - 1].Start >= end)
        {
            keep--;
        }

        if (keep < entries.Length)
        {
            _entries = entries[..keep];
        }
    }

    /// <summary>Forgets the epochs that ended at or before the log's new start; the one that is current there begins there now.</summary>
    internal void TruncateFromStart(Offset start)
    {
        EpochStart[] entries = _entries;
        int first = 0;
        while (first < entries.Length && entries[first].Start <= start)
        {
            first++;
        }

        if (first == 0 || (first == 1 && entries[0].Start == start))
        {
            return;
        }

        _entries = [entries[first - 1] with { Start = start }, .. entries.AsSpan(first)];
    }

    internal void Clear()
    {
        _entries = [];
    }

    /// <summary>The directory was renamed.</summary>
    internal void Moved(string directory) => _path = Path.Combine(directory, LeaderEpochCheckpoint.FileName);

    /// <summary>
    /// For a clean stop: writes the file, not durably, unless what it says of the records below the log's end is what is known. An epoch under
    /// which no record stands is forgotten by the next start anyway, and with thousands of logs the files would be most of a stop's work.
    /// </summary>
    internal void PersistForRecords(IDisk disk, Offset end)
    {
        if (!Below(_persisted, end).SequenceEqual(Below(_entries, end)))
        {
            Persist(disk, durable: false);
        }

        static ReadOnlySpan<EpochStart> Below(ReadOnlySpan<EpochStart> entries, Offset end)
        {
            while (entries is [.., var last] && last.Start >= end)
            {
                entries = entries[..^1];
            }

            return entries;
        }
    }

    /// <summary>Writes the file when it is behind. Calls are serialised by the log.</summary>
    internal void Persist(IDisk disk, bool durable = true)
    {
        EpochStart[] entries = _entries;
        if (!ReferenceEquals(entries, _persisted))
        {
            LeaderEpochCheckpoint.Write(disk, _path, entries, durable);
            _persisted = entries;
        }
    }
}
