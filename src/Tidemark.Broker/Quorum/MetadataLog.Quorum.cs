using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Quorum;

/// <summary>The log as a member of the quorum reads it, and the changes that come from another leader.</summary>
internal sealed partial class MetadataLog : IQuorumLog
{
    public LogPosition End
    {
        get
        {
            LeaderEpoch last = Log.Epochs.Latest;
            Offset end = Log.LogEndOffset;
            return NewestId is { } snapshot && (last == LeaderEpoch.Unknown || end == snapshot.EndOffset)
                ? new LogPosition(end, snapshot.Epoch)
                : new LogPosition(end, last == LeaderEpoch.Unknown ? new LeaderEpoch(0) : last);
        }
    }

    public Offset Start => Log.LogStart;

    /// <summary>The epoch is in the cache, or it is that of the snapshot with which the log begins.</summary>
    public LogPosition? EndOfEpoch(LeaderEpoch epoch)
    {
        ReadOnlySpan<EpochStart> known = Log.Epochs.Entries;
        if (known.IsEmpty || epoch < known[0].Epoch)
        {
            return OldestSnapshot is { } oldest && oldest.EndOffset == Log.LogStart && oldest.Epoch == epoch ? oldest : null;
        }

        return Log.EndOffsetForEpoch(epoch, out LeaderEpoch found, out Offset end) ? new LogPosition(end, found) : null;
    }

    /// <summary>
    /// Appends batches as the leader wrote them. False when they do not continue this log or are damaged: they are dropped, and asked for again.
    /// Sets of voters among them are told.
    /// </summary>
    /// <param name="epoch">The epoch of the leader that sent them.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public bool AppendFetched(ReadOnlySpan<byte> batches, LeaderEpoch epoch, out IReadOnlyList<VotersAt> newVoters)
    {
        newVoters = [];
        Offset before = Log.LogEndOffset;
        AppendResult result = Log.AppendAsFollower(batches, epoch);
        if (result.Error == ErrorCode.KafkaStorageError)
        {
            throw new IOException("The metadata log took no batch: its disk failed");
        }

        if (result.Error != ErrorCode.None || result.End == before)
        {
            return false;
        }

        int known = _voters.Length;
        ScanVoters(before, result.End);
        newVoters = [.. _voters.Skip(known)];
        return true;
    }

    /// <summary>Cuts the log, and forgets voters that stood behind the cut.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void TruncateTo(Offset offset)
    {
        Log.TruncateTo(offset);
        _voters = [.. _voters.Where(each => each.At < offset)];
    }

    /// <summary>The voters as of an offset (exclusive); null when they are fixed.</summary>
    public VoterSet? VotersBelow(Offset offset) => Array.FindLast(_voters, each => each.At < offset)?.Voters;

    /// <summary>The log got a new set of voters.</summary>
    public void Remember(VotersAt voters)
    {
        if (_voters is not [.., var last] || last.At < voters.At)
        {
            _voters = [.. _voters, voters];
        }
    }

    /// <summary>Reads batches for a fetcher; empty when there are none.</summary>
    public ReadOnlyMemory<byte> ReadFor(Offset from, int bytesMax)
    {
        Offset end = Log.LogEndOffset;
        if (from >= end)
        {
            return default;
        }

        using LogSlice slice = Log.Read(from, Math.Clamp(bytesMax, 1, ReadBytes), end, atLeastOneBatch: true);
        if (slice.Error != ErrorCode.None || slice.IsEmpty)
        {
            return default;
        }

        byte[] bytes = new byte[slice.Length];
        int length = slice.CopyTo(bytes);
        return bytes.AsMemory(0, WholeBatches(bytes.AsSpan(0, length)).Length);
    }

    private void ScanVoters(Offset from, Offset to)
    {
        var visitor = new Visitor(this, null, from);
        while (visitor.Next < to)
        {
            MetadataBatches.Walk(Read(visitor.Next, to), _directory, visitor);
        }
    }
}
