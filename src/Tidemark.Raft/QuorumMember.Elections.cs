using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

public sealed partial class QuorumMember
{
    /// <summary>
    /// A candidate asks for a vote, or whether it would get one. Errors: INVALID_REQUEST for impossible positions or ids, FENCED_LEADER_EPOCH for an epoch
    /// that is over, INVALID_VOTER_KEY when another member was meant.
    /// </summary>
    public VoteAnswer OnVoteAsked(VoteAsk ask, TimeSpan now)
    {
        Advance(now);
        VoteAnswer answer = JudgeVote(ask);
        Drive();
        return answer;
    }

    /// <summary>A leader says that it leads. Errors as for votes; INVALID_REQUEST also when it contradicts the leader that this member knows.</summary>
    public QuorumAnswer OnBeginEpochAsked(BeginEpochAsk ask, TimeSpan now)
    {
        Advance(now);
        ErrorCode error = LearnFromLeader(ask.Leader, ask.Epoch, ask.Endpoints);
        if (error == ErrorCode.None && Role is Prospective prospective && prospective.LeaderNode == ask.Leader)
        {
            // The leader that was lost is there again.
            EnterFollower(Epoch, ask.Leader, EndpointsOf(ask.Leader, ask.Endpoints), Role.VotedFor);
        }

        QuorumAnswer answer = Answer(error == ErrorCode.None && !IsMeant(ask.Voter) ? ErrorCode.InvalidVoterKey : error);
        Drive();
        return answer;
    }

    /// <summary>
    /// A leader says that it no longer leads. A voter that follows it stands for election: the first preferred successor at once, the others later, so that
    /// they seldom meet. Errors as in <see cref="OnBeginEpochAsked"/>.
    /// </summary>
    public QuorumAnswer OnEndEpochAsked(EndEpochAsk ask, TimeSpan now)
    {
        Advance(now);
        ErrorCode error = LearnFromLeader(ask.Leader, ask.Epoch, ask.Endpoints);
        if (error == ErrorCode.None && Role is Follower follower && follower.LeaderNode == ask.Leader)
        {
            LeaderIsGoing(follower, SuccessionWait(ask.PreferredCandidates));
        }

        QuorumAnswer answer = Answer(error);
        Drive();
        return answer;
    }

    /// <summary>A voter answered a vote or a pre-vote.</summary>
    public void OnVoteAnswered(RequestId request, VoteAnswer answer, TimeSpan now)
    {
        Advance(now);
        if (Role.SlotOf(request) is { } slot)
        {
            QuorumRole asked = Role;
            slot.Answered(_now + Timeouts.Fetch);
            if (Concerns(answer) && Role == asked)
            {
                if (answer.Error == ErrorCode.None)
                {
                    if (asked is Prospective { Tally: { } tally } && !answer.IsGranted)
                    {
                        // Whoever has not noticed yet that the leader is gone notices soon, and must not cost a whole election's time.
                        tally.Postpone(slot, _now, Timeouts.RetryBackoff);
                    }
                    else
                    {
                        ((asked as Prospective)?.Tally ?? (asked as Candidate)?.Tally)?.Record(slot, answer.IsGranted);
                    }
                }
                else
                {
                    slot.Failed(_now, Timeouts.RetryBackoff);
                }
            }
        }

        Drive();
    }

    /// <summary>A voter answered that this member leads.</summary>
    public void OnBeginEpochAnswered(RequestId request, QuorumAnswer answer, TimeSpan now)
    {
        Advance(now);
        if (Role.SlotOf(request) is { } slot)
        {
            slot.Answered(_now + (Timeouts.Fetch / 2));
            Concerns(answer);
        }

        Drive();
    }

    /// <summary>A voter answered that this member no longer leads.</summary>
    public void OnEndEpochAnswered(RequestId request, QuorumAnswer answer, TimeSpan now)
    {
        Advance(now);
        if (Role.SlotOf(request) is { } slot)
        {
            slot.Done();
            Concerns(answer);
        }

        Drive();
    }

    /// <summary>No answer will come: the connection failed, or the peer does not know the request.</summary>
    public void OnRequestFailed(RequestId request, TimeSpan now)
    {
        Advance(now);
        if (Role.SlotOf(request) is { } slot)
        {
            slot.Failed(_now, Timeouts.RetryBackoff);
            if (Role is Follower follower && slot == follower.Fetching && !MayStand)
            {
                // An observer has nothing to wait for: somebody else may know a later leader.
                LookForLeader();
            }
        }

        Drive();
    }

    private VoteAnswer JudgeVote(VoteAsk ask)
    {
        bool isImpossible = ask.End.EndOffset < Offset.Zero || ask.End.Epoch.Value < 0
            || (ask.IsPreVote ? ask.End.Epoch > ask.Epoch : ask.End.Epoch >= ask.Epoch);
        ErrorCode error = isImpossible ? ErrorCode.InvalidRequest : JudgeVoterRequest(ask.Candidate.Node, ask.Epoch);
        bool isGranted = false;
        if (error == ErrorCode.None)
        {
            Learn(ask.Epoch, null, []);
            if (!IsMeant(ask.Voter))
            {
                error = ErrorCode.InvalidVoterKey;
            }
            else if (ask.Candidate.Node != Self)
            {
                isGranted = Role.Grants(ask.Candidate, ask.End >= _log.End, ask.IsPreVote);
                if (isGranted && !ask.IsPreVote && (Role.VotedFor is null || (Plants.IsOn(Plant.TwoVotesAnEpoch) && Role is Unattached or Prospective)))
                {
                    GiveVote(ask.Candidate);
                }
            }
        }

        return new VoteAnswer(error, Role.LeaderNode, Epoch, isGranted) { LeaderEndpoints = Role.LeaderEndpoints };
    }

    private ErrorCode LearnFromLeader(BrokerId leader, LeaderEpoch epoch, IReadOnlyList<VoterEndpoint> endpoints)
    {
        ErrorCode error = JudgeVoterRequest(leader, epoch);
        if (error == ErrorCode.None)
        {
            bool isContradiction = leader == Self || (epoch == Epoch && (Role is Resigned || (Role.LeaderNode is { } known && known != leader)));
            if (isContradiction)
            {
                return ErrorCode.InvalidRequest;
            }

            Learn(epoch, leader, endpoints);
        }

        return error;
    }

    private ErrorCode JudgeVoterRequest(BrokerId from, LeaderEpoch epoch) =>
        epoch < Epoch ? ErrorCode.FencedLeaderEpoch : from.Value < 0 ? ErrorCode.InvalidRequest : ErrorCode.None;

    private ErrorCode JudgeLeaderRequest(LeaderEpoch epoch) =>
        epoch < Epoch ? ErrorCode.FencedLeaderEpoch
        : epoch > Epoch ? ErrorCode.UnknownLeaderEpoch
        : Role is not Leader ? ErrorCode.NotLeaderOrFollower
        : ErrorCode.None;

    private QuorumAnswer Answer(ErrorCode error) => new(error, Role.LeaderNode, Epoch) { LeaderEndpoints = Role.LeaderEndpoints };

    /// <summary>Takes the epoch and leader out of an answer. False when the answer says nothing else to this member in its epoch.</summary>
    private bool Concerns(QuorumAnswer answer)
    {
        LeaderEpoch before = Epoch;
        if (answer.Epoch < before || answer.Error == ErrorCode.UnknownLeaderEpoch)
        {
            return false;
        }

        Learn(answer.Epoch, answer.Leader, answer.LeaderEndpoints);
        return Epoch == before && answer.Epoch == before && answer.Error is not (ErrorCode.FencedLeaderEpoch or ErrorCode.NotLeaderOrFollower);
    }

    /// <summary>
    /// The first successor stands at once; each later one waits twice as long as the one before it, and strangers the longest. A leader that resigns as it
    /// starts again knows no successors: all may stand, as soon as they do not meet.
    /// </summary>
    private TimeSpan SuccessionWait(IReadOnlyList<ReplicaKey> preferred)
    {
        if (preferred.Count == 0)
        {
            return SoonJitter();
        }

        int place = 0;
        while (place < preferred.Count && !preferred[place].Matches(_options.Self))
        {
            place++;
        }

        if (place == 0)
        {
            return TimeSpan.Zero;
        }

        return place >= preferred.Count
            ? Timeouts.ElectionBackoffMax
            : TimeSpan.FromTicks(Timeouts.ElectionBackoffMax.Ticks >> Math.Min(62, preferred.Count - place));
    }
}
