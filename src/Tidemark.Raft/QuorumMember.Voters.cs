using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

public sealed partial class QuorumMember
{
    /// <summary>An observer that was not heard of for so long is forgotten.</summary>
    private static readonly TimeSpan s_observerSession = TimeSpan.FromMinutes(5);

    private const short KRaftVersionMax = 1;

    /// <summary>
    /// Add a voter. The outcome comes as <see cref="AnswerVoterChange"/>: NOT_LEADER_OR_FOLLOWER; INVALID_REQUEST without id, directory or an endpoint for the quorum's
    /// listener, or when the voter does not know the quorum's version; UNSUPPORTED_VERSION with fixed voters; DUPLICATE_VOTER; REQUEST_TIMED_OUT while an
    /// earlier change or the leader's epoch is not committed, when the voter is not caught up, or when the change does not get committed in time.
    /// </summary>
    public void OnAddVoterAsked(ChangeId change, AddVoterAsk ask, TimeSpan now)
    {
        Advance(now);
        (ErrorCode error, string? message) =
            Role is not Leader ? (ErrorCode.NotLeaderOrFollower, null)
            : !IsWhole(ask.Voter) ? (ErrorCode.InvalidRequest, "The request names no voter by id and directory.")
            : !HasEndpoint(ask.Endpoints) ? (ErrorCode.InvalidRequest, $"The request has no endpoint for the listener {_options.ListenerName}.")
            : MayChangeVoters((Leader)Role);
        if (error == ErrorCode.None && Voters.Find(ask.Voter.Node) is not null)
        {
            (error, message) = (ErrorCode.DuplicateVoter, $"The id of {ask.Voter} is already among the voters {Voters}.");
        }

        if (error == ErrorCode.None)
        {
            var voter = new Voter(ask.Voter, ask.Endpoints);
            ((Leader)Role).Change = NewChange(change, ask.AckWhenCommitted, (voter, new RequestSlot(new QuorumPeer(ask.Voter.Node, ask.Endpoints))));
        }
        else
        {
            Emit(new AnswerVoterChange(change, error, message));
        }

        Drive();
    }

    /// <summary>
    /// Remove a voter. The outcome comes as <see cref="AnswerVoterChange"/>, with errors as for adding, and VOTER_NOT_FOUND also for the last voter.
    /// A leader may remove itself: it leads until that is committed.
    /// </summary>
    public void OnRemoveVoterAsked(ChangeId change, RemoveVoterAsk ask, TimeSpan now)
    {
        Advance(now);
        (ErrorCode error, string? message) =
            Role is not Leader ? (ErrorCode.NotLeaderOrFollower, null)
            : !IsWhole(ask.Voter) ? (ErrorCode.InvalidRequest, "The request names no voter by id and directory.")
            : MayChangeVoters((Leader)Role);
        if (error == ErrorCode.None)
        {
            (error, message) =
                Voters.Find(ask.Voter.Node)?.Key != ask.Voter ? (ErrorCode.VoterNotFound, $"{ask.Voter} is not among the voters {Voters}.")
                : Voters.Count == 1 ? (ErrorCode.VoterNotFound, "The last voter cannot be removed.")
                : (ErrorCode.None, null);
        }

        if (error == ErrorCode.None)
        {
            ((Leader)Role).Change = NewChange(change, ackWhenCommitted: true, asking: null);
            Emit(new AppendVoters(Voters.Without(ask.Voter.Node), WithVersion: false));
        }
        else
        {
            Emit(new AnswerVoterChange(change, error, message));
        }

        Drive();
    }

    /// <summary>
    /// A voter says where it listens and what it supports. It is answered before that is committed. With fixed voters it is only remembered, for the day
    /// when kraft.version rises. Errors: as for fetches; INVALID_REQUEST; VOTER_NOT_FOUND; REQUEST_TIMED_OUT while another change is in hand.
    /// </summary>
    public QuorumAnswer OnUpdateVoterAsked(UpdateVoterAsk ask, TimeSpan now)
    {
        Advance(now);
        ErrorCode error = JudgeLeaderRequest(ask.Epoch);
        if (error == ErrorCode.None)
        {
            error = Update((Leader)Role, ask.Voter);
        }

        QuorumAnswer answer = Answer(error);
        Drive();
        return answer;
    }

    /// <summary>
    /// Raise kraft.version, with which the fixed voters are written into the log. The outcome comes as <see cref="AnswerVoterChange"/>:
    /// NOT_LEADER_OR_FOLLOWER; INVALID_UPDATE_VERSION for a lower or unknown version, or while a voter has not told its directory; REQUEST_TIMED_OUT.
    /// </summary>
    public void OnUpgradeAsked(ChangeId change, short kraftVersion, bool validateOnly, TimeSpan now)
    {
        Advance(now);
        List<Voter?> told = Role is Leader leader ? [.. Voters.Voters.Select(each => each.Key.Node == Self ? OwnVoter : leader.ToldByVoters.GetValueOrDefault(each.Key.Node))] : [];
        (ErrorCode error, string? message) =
            Role is not Leader ? (ErrorCode.NotLeaderOrFollower, null)
            : kraftVersion < Voters.KRaftVersion || kraftVersion > KRaftVersionMax ? (ErrorCode.InvalidUpdateVersion, $"The version {kraftVersion} cannot follow {Voters.KRaftVersion}.")
            : kraftVersion == Voters.KRaftVersion ? (ErrorCode.None, null)
            : told.Any(each => each is null || each.Key.Directory.IsZero || each.KRaftVersionHighest < kraftVersion) ? (ErrorCode.InvalidUpdateVersion, "Not every voter has said that it supports the version.")
            : IsBusy((Leader)Role);
        if (error != ErrorCode.None || validateOnly || kraftVersion == Voters.KRaftVersion)
        {
            Emit(new AnswerVoterChange(change, error, message));
        }
        else
        {
            ((Leader)Role).Change = NewChange(change, ackWhenCommitted: true, asking: null);
            Emit(new AppendVoters(new VoterSet(kraftVersion, told.Select(each => each!)), WithVersion: true));
        }

        Drive();
    }

    /// <summary>A new voter said which versions of the quorum (kraft.version) it knows.</summary>
    public void OnApiVersionsAnswered(RequestId request, ErrorCode error, short lowest, short highest, TimeSpan now)
    {
        Advance(now);
        if (Role is Leader { Change: { Asking: { } asking } change } leader && asking.Slot.UnderWay == request)
        {
            asking.Slot.Done();
            ReplicaProgress? progress = leader.Observers.FirstOrDefault(each => each.Key == asking.Voter.Key);
            bool isCaughtUp = progress?.LastCaughtUp is { } time && time > _now - s_observerSession;
            if (error != ErrorCode.None)
            {
                EndVoterChange(leader, change, ErrorCode.RequestTimedOut, $"The new voter {asking.Voter.Key} did not say what it supports: {error}.");
            }
            else if (Voters.KRaftVersion < lowest || Voters.KRaftVersion > highest)
            {
                EndVoterChange(leader, change, ErrorCode.InvalidRequest, $"The new voter does not support kraft.version {Voters.KRaftVersion}.");
            }
            else if (!isCaughtUp)
            {
                EndVoterChange(leader, change, ErrorCode.RequestTimedOut, $"The new voter {asking.Voter.Key} has not caught up.");
            }
            else
            {
                Emit(new AppendVoters(Voters.With(asking.Voter with { KRaftVersionLowest = lowest, KRaftVersionHighest = highest }), WithVersion: false));
            }
        }

        Drive();
    }

    /// <summary>The leader answered what this member asked for itself: to be added, to be updated, or that its former directory be removed.</summary>
    public void OnVoterChangeAnswered(RequestId request, QuorumAnswer answer, TimeSpan now)
    {
        Advance(now);
        if (Role is Follower follower && follower.ChangingVoters.UnderWay == request)
        {
            follower.ChangingVoters.Answered(_now + VoterChangePeriod);
            follower.HasToldItsEndpoints |= answer.Error == ErrorCode.None;
            Concerns(answer);
        }

        Drive();
    }

    /// <summary>A voters' record stands in the log; it holds from here on. Called before <see cref="OnAppended"/> for the batch.</summary>
    public void OnVotersAppended(VotersAt voters, TimeSpan now)
    {
        Advance(now);
        _voters.Add(voters);
        if (Role is Leader leader)
        {
            leader.TakeVoters(voters.Voters);
            if (leader.Change is { } change && change.At < Offset.Zero)
            {
                change.At = voters.At;
                if (!change.AckWhenCommitted)
                {
                    EndVoterChange(leader, change, ErrorCode.None, null);
                }
            }
        }
    }

    private TimeSpan VoterChangePeriod => Timeouts.Fetch * 3;

    private Voter OwnVoter => new(_options.Self, _options.Endpoints, 0, KRaftVersionMax);

    /// <summary>The voters with what is true of this one now, where that differs from what the set says; null where it does not, or the set is fixed.</summary>
    private VoterSet? VotersToCorrect => Voters.KRaftVersion > 0 && IsVoter && _options.Endpoints.Count > 0 && !Voters.Find(Self)!.SaysTheSameAs(OwnVoter)
        ? Voters.Replace(OwnVoter)
        : null;

    private static bool IsWhole(ReplicaKey voter) => voter.Node.Value >= 0 && !voter.Directory.IsZero;

    private bool HasEndpoint(IReadOnlyList<VoterEndpoint> endpoints) => endpoints.Any(each => each.ListenerName == _options.ListenerName);

    private VoterChange NewChange(ChangeId id, bool ackWhenCommitted, (Voter Voter, RequestSlot Slot)? asking) =>
        new() { Id = id, Deadline = _now + Timeouts.Request, AckWhenCommitted = ackWhenCommitted, Asking = asking };

    private (ErrorCode Error, string? Message) IsBusy(Leader leader) =>
        leader.Change is not null ? (ErrorCode.RequestTimedOut, "An earlier change of voters is in hand.")
        : leader.HighWatermark < Offset.Zero ? (ErrorCode.RequestTimedOut, "The leader has not committed anything of its epoch yet.")
        : _voters.Last.At >= leader.HighWatermark ? (ErrorCode.RequestTimedOut, $"The voters at offset {_voters.Last.At} are not committed yet.")
        : (ErrorCode.None, null);

    private (ErrorCode Error, string? Message) MayChangeVoters(Leader leader)
    {
        (ErrorCode error, string? message) = IsBusy(leader);
        return error == ErrorCode.None && Voters.KRaftVersion == 0
            ? (ErrorCode.UnsupportedVersion, "The voters are fixed by the configuration: kraft.version is 0.")
            : (error, message);
    }

    private ErrorCode Update(Leader leader, Voter voter)
    {
        bool isInRange = voter.KRaftVersionLowest >= 0 && Voters.KRaftVersion >= voter.KRaftVersionLowest && Voters.KRaftVersion <= voter.KRaftVersionHighest;
        if (!IsWhole(voter.Key) || !HasEndpoint(voter.Endpoints) || !isInRange)
        {
            return ErrorCode.InvalidRequest;
        }

        Voter? known = Voters.Find(voter.Key.Node);
        if (known is null || !known.Key.Matches(voter.Key))
        {
            return ErrorCode.VoterNotFound;
        }

        if (Voters.KRaftVersion == 0)
        {
            leader.ToldByVoters[voter.Key.Node] = voter;
            return ErrorCode.None;
        }

        if (known.SaysTheSameAs(voter))
        {
            return ErrorCode.None;
        }

        ErrorCode error = IsBusy(leader).Error;
        if (error == ErrorCode.None)
        {
            Emit(new AppendVoters(Voters.Replace(voter), WithVersion: false));
        }

        return error;
    }

    private void DriveVoterChange(Leader leader)
    {
        if (leader.Change is not { } change)
        {
            return;
        }

        if (_now >= change.Deadline)
        {
            EndVoterChange(leader, change, ErrorCode.RequestTimedOut, "The change was not committed in time.");
        }
        else if (change.Versions is { } slot && slot.IsFree(_now))
        {
            Send(slot, id => new SendApiVersions(id, slot.Peer));
        }
    }

    private void CompleteVoterChange(Leader leader)
    {
        if (leader.Change is { } change && change.At >= Offset.Zero && change.At < leader.HighWatermark)
        {
            EndVoterChange(leader, change, ErrorCode.None, null);
        }
    }

    private void EndVoterChange(Leader leader, VoterChange change, ErrorCode error, string? message)
    {
        leader.Change = null;
        Emit(new AnswerVoterChange(change.Id, error, message));
    }

    /// <summary>What this member has to ask of its leader for itself; null when nothing.</summary>
    private Func<RequestId, SendToPeer>? OwnVoterChange(Follower follower)
    {
        QuorumPeer leader = follower.Fetching.Peer;
        if (!follower.HearsLeader || _options.Endpoints.Count == 0 || !_options.CanBecomeVoter)
        {
            return null;
        }

        Voter? named = Voters.Find(Self);
        if (IsVoter)
        {
            bool isKnown = Voters.KRaftVersion == 0 ? follower.HasToldItsEndpoints : named!.SaysTheSameAs(OwnVoter);
            return isKnown ? null : id => new SendUpdateVoter(id, leader, new UpdateVoterAsk(Epoch, OwnVoter));
        }

        if (!_options.AutoJoin || Voters.KRaftVersion == 0)
        {
            return null;
        }

        return named is null
            ? id => new SendAddVoter(id, leader, new AddVoterAsk(_options.Self, _options.Endpoints, AckWhenCommitted: false))
            : id => new SendRemoveVoter(id, leader, new RemoveVoterAsk(named.Key));
    }
}
