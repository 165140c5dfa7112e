using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// Something that the driver has to do for the quorum. Effects are carried out in the order given, each before the next, and all of them before the
/// answer leaves that the same call returned: a vote or an epoch is on the disk before anybody can hear of it.
/// </summary>
public abstract record QuorumEffect;

/// <summary>Write the state durably before going on.</summary>
public sealed record PersistElectionState(ElectionState State) : QuorumEffect;

/// <summary>
/// Append the control record that opens a leader's epoch, then call <see cref="QuorumMember.OnAppended"/>. It may be flushed together with what
/// the leader appends next.
/// </summary>
public sealed record AppendLeaderChange(LeaderEpoch Epoch, ReplicaKey Leader) : QuorumEffect
{
    /// <summary>Who votes in this epoch.</summary>
    public IReadOnlyList<ReplicaKey> Voters { get; init; } = [];

    /// <summary>Who voted for the leader.</summary>
    public IReadOnlyList<ReplicaKey> GrantingVoters { get; init; } = [];

    /// <summary>
    /// Not null when only the formatted directory knew who votes until now, or when the leader listens elsewhere than the log says: the version and these
    /// voters stand behind the leader's record in the same batch, and the driver calls <see cref="QuorumMember.OnVotersAppended"/> for them.
    /// </summary>
    public VoterSet? Opening { get; init; }
}

/// <summary>
/// Append the voters' record, and before it the record of kraft.version when <paramref name="WithVersion"/>, in one batch; then call
/// <see cref="QuorumMember.OnVotersAppended"/> and <see cref="QuorumMember.OnAppended"/>.
/// </summary>
public sealed record AppendVoters(VoterSet Voters, bool WithVersion) : QuorumEffect;

/// <summary>
/// Append the records that came with the answer, tell of every voters' record among them with <see cref="QuorumMember.OnVotersAppended"/>, then call
/// <see cref="QuorumMember.OnAppended"/>. If the records turn out not to continue the log, drop them and call <see cref="QuorumMember.OnAppended"/> all the same.
/// </summary>
public sealed record AppendFetched(RequestId Request) : QuorumEffect;

/// <summary>Cut the log off at the offset, and the epochs with it. Never below what is committed.</summary>
public sealed record TruncateLog(Offset To) : QuorumEffect;

/// <summary>Flush the log, at the latest when the driver's turn ends, and call <see cref="QuorumMember.OnFlushed"/>. One flush serves all that were asked for.</summary>
public sealed record FlushLog : QuorumEffect;

/// <summary>Everything below the offset is committed and may be replayed and answered.</summary>
public sealed record AdvanceCommit(Offset HighWatermark) : QuorumEffect;

/// <summary>Somebody else leads than before, or nobody, or the same in a later epoch. Held fetches are due.</summary>
/// <param name="Leader">Null while nobody is known to lead.</param>
public sealed record LeaderChanged(BrokerId? Leader, LeaderEpoch Epoch) : QuorumEffect;

/// <summary>
/// Of the leader that was told of it is known now where it can be reached, or where else, or no more: <see cref="QuorumMember.LeaderEndpoints"/>. Where who leads has
/// changed, <see cref="LeaderChanged"/> comes alone.
/// </summary>
public sealed record LeaderReachChanged(BrokerId Leader, LeaderEpoch Epoch) : QuorumEffect;

/// <summary>
/// All pieces of the snapshot are there: put it in its place, empty the log and start it at the snapshot's end, then call
/// <see cref="QuorumMember.OnSnapshotInstalled"/>.
/// </summary>
public sealed record InstallSnapshot(LogPosition Snapshot) : QuorumEffect;

/// <summary>The pieces of a snapshot that were fetched so far will not be completed and can go.</summary>
public sealed record AbandonSnapshot(LogPosition Snapshot) : QuorumEffect;

/// <summary>How a change of voters ended, for whoever asked for it.</summary>
/// <param name="Message">Says more of an error; null otherwise.</param>
public sealed record AnswerVoterChange(ChangeId Change, ErrorCode Error, string? Message) : QuorumEffect;

/// <summary>
/// Committed records would have to be unwritten: the quorum is damaged (a voter lost its log, or was started with another's). The node stops before it
/// does harm.
/// </summary>
public sealed record HaltNode(string Reason) : QuorumEffect;

/// <summary>
/// A request to a peer. Its answer comes back with its id, or <see cref="QuorumMember.OnRequestFailed"/> when there will be none; the member gives up
/// waiting by itself after <see cref="QuorumTimeouts.Request"/> and then ignores the answer.
/// </summary>
public abstract record SendToPeer(RequestId Request, QuorumPeer Peer) : QuorumEffect;

public sealed record SendVote(RequestId Request, QuorumPeer Peer, VoteAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendBeginEpoch(RequestId Request, QuorumPeer Peer, BeginEpochAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendEndEpoch(RequestId Request, QuorumPeer Peer, EndEpochAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendFetch(RequestId Request, QuorumPeer Peer, FetchAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendFetchSnapshot(RequestId Request, QuorumPeer Peer, FetchSnapshotAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendAddVoter(RequestId Request, QuorumPeer Peer, AddVoterAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendRemoveVoter(RequestId Request, QuorumPeer Peer, RemoveVoterAsk Ask) : SendToPeer(Request, Peer);

public sealed record SendUpdateVoter(RequestId Request, QuorumPeer Peer, UpdateVoterAsk Ask) : SendToPeer(Request, Peer);

/// <summary>Ask a new voter which versions of the quorum (kraft.version) it knows: ApiVersions on the endpoint.</summary>
public sealed record SendApiVersions(RequestId Request, QuorumPeer Peer) : SendToPeer(Request, Peer);
