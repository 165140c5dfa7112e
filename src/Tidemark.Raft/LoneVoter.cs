using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

/// <summary>
/// The metadata quorum of one voter. It elects itself with a vote that is on the disk before it leads, opens each epoch with a LeaderChange
/// record, and counts a record as committed once it is flushed. It is a pure machine: every call answers with the effects that follow.
/// </summary>
public sealed class LoneVoter
{
    private readonly ReplicaKey _self;
    private readonly ElectionState _known;
    private Offset _logEnd;

    /// <param name="self">This member, the only voter.</param>
    /// <param name="known">What was on the disk.</param>
    /// <param name="lastEpoch">The epoch of the log's last record; the state's must not be older.</param>
    /// <param name="logEnd">Where the log ends.</param>
    public LoneVoter(ReplicaKey self, ElectionState known, LeaderEpoch lastEpoch, Offset logEnd)
    {
        _self = self;
        // A lost state must not let an epoch come twice: the log knows of those that wrote something.
        _known = lastEpoch > known.Epoch ? new ElectionState(lastEpoch, null, null) : known;
        _logEnd = logEnd;
        Role = new Unattached(_known.Epoch);
        HighWatermark = Offset.Unknown;
    }

    public QuorumRole Role { get; private set; }

    public LeaderEpoch Epoch => Role.Epoch;

    /// <summary>Everything below is committed; unknown until this leader has committed something of its own epoch.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>Stands for election in the next epoch.</summary>
    public IReadOnlyList<QuorumEffect> Start()
    {
        Invariant.Require(Role is Unattached);
        var epoch = new LeaderEpoch(_known.Epoch.Value + 1);
        Role = new Candidate(epoch, _self, new VoteTally(new VoterSet(0, [new Voter(_self, [])]), _self.Node), TimeSpan.MaxValue);

        // The vote of the only voter decides the election, so one durable write says both: for whom it voted, and that this one leads.
        return [new PersistElectionState(new ElectionState(epoch, _self.Node, null))];
    }

    /// <summary>The state that was asked for last is on the disk.</summary>
    public IReadOnlyList<QuorumEffect> OnPersisted(ElectionState state)
    {
        Invariant.Require(state.Epoch == Role.Epoch);
        if (Role is not Candidate)
        {
            return [];
        }

        Role = new Leader(Role.Epoch, _self, [], _logEnd, TimeSpan.Zero);
        return [new AppendLeaderChange(Role.Epoch, _self)];
    }

    /// <summary>The log ends here now. What lies before is not committed until it is flushed.</summary>
    public void OnAppended(Offset logEnd)
    {
        Invariant.Require(Role is Leader);
        Invariant.Require(logEnd > _logEnd);
        _logEnd = logEnd;
    }

    /// <summary>The log is on the disk up to the offset.</summary>
    public IReadOnlyList<QuorumEffect> OnFlushed(Offset flushedEnd)
    {
        Invariant.Require(flushedEnd <= _logEnd);
        if (Role is not Leader leader || flushedEnd <= leader.EpochStart || flushedEnd <= HighWatermark)
        {
            return [];
        }

        HighWatermark = flushedEnd;
        return [new AdvanceCommit(flushedEnd)];
    }

    /// <summary>The node stops. Nothing is appended from here on.</summary>
    public void Resign()
    {
        if (Role is Leader)
        {
            Role = new Resigned(Role.Epoch, _self, [], [], TimeSpan.MaxValue);
        }
    }
}
