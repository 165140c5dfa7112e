using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// What every answer within the quorum says: an error, and the leader and epoch that the answering member knows. The same types are given to
/// whoever asks and taken from whoever was asked. All three values come from one state of the member.
/// </summary>
/// <param name="Leader">Null while nobody is known to lead the epoch (-1 on the wire).</param>
public record QuorumAnswer(ErrorCode Error, BrokerId? Leader, LeaderEpoch Epoch)
{
    /// <summary>Where the leader listens, as far as it is known. On the wire: the node endpoint that belongs to the asker's listener.</summary>
    public IReadOnlyList<VoterEndpoint> LeaderEndpoints { get; init; } = [];
}

/// <summary>To a <see cref="VoteAsk"/>.</summary>
public sealed record VoteAnswer(ErrorCode Error, BrokerId? Leader, LeaderEpoch Epoch, bool IsGranted) : QuorumAnswer(Error, Leader, Epoch);

/// <summary>To a <see cref="FetchAsk"/>.</summary>
/// <param name="HighWatermark">Unknown (-1) with an error, and while the leader has committed nothing of its epoch.</param>
public sealed record FetchAnswer(ErrorCode Error, BrokerId? Leader, LeaderEpoch Epoch, Offset HighWatermark) : QuorumAnswer(Error, Leader, Epoch)
{
    /// <summary>The fetcher's log is not a prefix of the leader's: this is the end of the last epoch that they may share. No records come with it.</summary>
    public LogPosition? Diverging { get; init; }

    /// <summary>The leader no longer has what is asked for: the fetcher has to take this snapshot. No records come with it.</summary>
    public LogPosition? Snapshot { get; init; }

    /// <summary>True when records came with the answer. The driver keeps them; the member says by <see cref="AppendFetched"/> whether they count.</summary>
    public bool HasRecords { get; init; }
}

/// <summary>What becomes of a fetch that somebody asked this member for.</summary>
/// <param name="Answer">What to answer. Without error, divergence and snapshot the driver adds the records from the fetch offset on, up to the log's end.</param>
/// <param name="MayBeHeld">
/// There is nothing new: the driver may keep the fetch until the log grows, more is committed, the leader or epoch changes or the wait is over,
/// and then calls <see cref="QuorumMember.OnHeldFetchDue"/>.
/// </param>
public sealed record FetchVerdict(FetchAnswer Answer, bool MayBeHeld);

/// <summary>To a <see cref="FetchSnapshotAsk"/>. The driver has written the bytes at their position before it hands the answer in.</summary>
/// <param name="Size">Of the whole snapshot, in bytes.</param>
/// <param name="End">The position after the last byte that came.</param>
public sealed record FetchSnapshotAnswer(ErrorCode Error, BrokerId? Leader, LeaderEpoch Epoch, long Size, long End) : QuorumAnswer(Error, Leader, Epoch);
