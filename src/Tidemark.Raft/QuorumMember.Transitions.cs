using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

public sealed partial class QuorumMember
{
    /// <summary>After the first lost election of a row the wait is up to this long; it doubles with each.</summary>
    private static readonly TimeSpan s_firstBackoff = TimeSpan.FromMilliseconds(50);

    /// <summary>Every change of role goes through here.</summary>
    private void Enter(QuorumRole role)
    {
        Invariant.Require(role.Epoch >= Role.Epoch);
        QuorumRole former = Role;
        Role = role;

        // A leader that resigned led this epoch: the state that says so stays true.
        var state = new ElectionState(role.Epoch, role.LeaderNode, role.VotedFor);
        if (state != _persisted && role is not Resigned)
        {
            _persisted = state;
            Emit(new PersistElectionState(state));
        }

        if (former is Leader { Change: { } change })
        {
            Emit(new AnswerVoterChange(change.Id, ErrorCode.NotLeaderOrFollower, null));
        }

        if (former is Follower { Snapshot: { } snapshot })
        {
            Emit(new AbandonSnapshot(snapshot.Id));
        }

        (BrokerId? Leader, LeaderEpoch Epoch, bool HasAddress) told = _announced;
        _announced = (role.LeaderNode, role.Epoch, role.LeaderEndpoints.Count > 0);
        if ((told.Leader, told.Epoch) != (role.LeaderNode, role.Epoch))
        {
            Emit(new LeaderChanged(role.LeaderNode, role.Epoch));
        }
        else if (role.LeaderNode is { } leader && told.HasAddress != _announced.HasAddress)
        {
            // It may be known by its id first, from what was persisted, and only later by where it can be reached.
            Emit(new LeaderReachChanged(leader, role.Epoch));
        }
    }

    /// <summary>Another member said which epoch it is, and perhaps who leads it. What is older or contradicts this member's knowledge changes nothing.</summary>
    private void Learn(LeaderEpoch epoch, BrokerId? leader, IReadOnlyList<VoterEndpoint> given)
    {
        if (epoch == Epoch && leader is { } followed && Role is Follower follower && follower.LeaderNode == followed && given.Count > follower.LeaderEndpoints.Count)
        {
            follower.LearnEndpoints(given);
            Emit(new LeaderReachChanged(followed, epoch));
            return;
        }

        if (epoch < Epoch || (epoch == Epoch && !MayLearnLeader(leader)))
        {
            return;
        }

        bool isNewEpoch = epoch > Epoch;
        if (leader is not { } node || node == Self)
        {
            // Whoever says that this member leads an epoch of which it knows nothing tells of a state that was lost with a disk.
            if (isNewEpoch)
            {
                EnterUnattached(epoch, null, null);
            }
        }
        else if (EndpointsOf(node, given) is { Count: > 0 } endpoints)
        {
            EnterFollower(epoch, node, endpoints, isNewEpoch ? null : Role.VotedFor);
        }
        else if (isNewEpoch || Role.LeaderNode is null)
        {
            EnterUnattached(epoch, node, isNewEpoch ? null : Role.VotedFor);
        }
    }

    /// <summary>Within an epoch there is one leader; it can be learned by those that know none, or lack its address.</summary>
    private bool MayLearnLeader(BrokerId? leader) => leader is { } node && node != Self && Role switch
    {
        Unattached unattached => unattached.LeaderNode is null || unattached.LeaderNode == node,
        Prospective prospective => prospective.LeaderNode is null,
        Candidate => true,
        _ => false,
    };

    private void EnterUnattached(LeaderEpoch epoch, BrokerId? leader, ReplicaKey? votedFor)
    {
        // Whoever waits for an election goes on waiting: a candidate with an old log must not keep the others from standing.
        TimeSpan electionAt = Role switch
        {
            Unattached unattached when unattached.ElectionAt > _now => unattached.ElectionAt,
            Candidate candidate when candidate.Deadline > _now => candidate.Deadline.Value,
            _ => _now + ElectionJitter(),
        };
        Enter(new Unattached(epoch, leader, votedFor, electionAt));
    }

    private void EnterFollower(LeaderEpoch epoch, BrokerId leader, IReadOnlyList<VoterEndpoint> endpoints, ReplicaKey? votedFor)
    {
        _electionsLost = 0;
        Enter(new Follower(epoch, leader, endpoints, votedFor, _now + Timeouts.Fetch));
    }

    private void GiveVote(ReplicaKey candidate) => Enter(new Unattached(Epoch, null, candidate, _now + ElectionJitter()));

    private void BecomeProspective()
    {
        if (IsLoneVoter)
        {
            BecomeLeader(new LeaderEpoch(Epoch.Value + 1), [_options.Self]);
            return;
        }

        Enter(new Prospective(Role, new VoteTally(Voters, Self), _now + ElectionJitter()));
    }

    private void BecomeCandidate() =>
        Enter(new Candidate(new LeaderEpoch(Epoch.Value + 1), _options.Self, new VoteTally(Voters, Self), _now + ElectionJitter()));

    private void BecomeLeader(LeaderEpoch epoch, IReadOnlyList<ReplicaKey> granting)
    {
        _electionsLost = 0;
        VotersAt voters = _voters.Last;
        var leader = new Leader(epoch, _options.Self, _options.Endpoints, _log.End.EndOffset, _now);
        leader.TakeVoters(voters.Voters);
        Enter(leader);
        Emit(new AppendLeaderChange(epoch, _options.Self)
        {
            Voters = [.. voters.Voters.Voters.Select(each => each.Key)],
            GrantingVoters = granting,
            Opening = VotersToCorrect ?? (leader.EpochStart == Offset.Zero && voters.At < Offset.Zero && voters.Voters.KRaftVersion > 0 ? voters.Voters : null),
        });
    }

    private void BecomeResigned(Leader leader)
    {
        List<ReplicaProgress> successors = [.. leader.OtherVoters.OrderByDescending(each => each.LogEnd).ThenBy(each => each.Key.Node)];
        IEnumerable<RequestSlot> farewells = successors.Select(each => new RequestSlot(new QuorumPeer(each.Key.Node, EndpointsOf(each.Key.Node, []))));
        Enter(new Resigned(Epoch, _options.Self, [.. successors.Select(each => each.Key)], farewells, _now + ElectionJitter()));
    }

    /// <summary>A majority would not, or did not, vote for this member. It goes back to the leader that it knows, or waits a random time.</summary>
    private void LoseElection()
    {
        TimeSpan longest = Min(Timeouts.ElectionBackoffMax, s_firstBackoff * (1 << Math.Min(_electionsLost, 8)));
        if (Role is Candidate)
        {
            _electionsLost++;
            Enter(new Unattached(Epoch, null, Role.VotedFor, _now + _jitter.UpTo(longest)));
        }
        else if (Role is Prospective { Tally.IsLost: false })
        {
            // Too few answered; asking again costs nobody anything.
            Enter(new Unattached(Epoch, Role.LeaderNode, Role.VotedFor, _now + SoonJitter()));
        }
        else if (Role.LeaderNode is { } leader && Role.LeaderEndpoints.Count > 0)
        {
            Enter(new Follower(Epoch, leader, Role.LeaderEndpoints, Role.VotedFor, _now + ElectionJitter()));
        }
        else
        {
            Enter(new Unattached(Epoch, Role.LeaderNode, Role.VotedFor, _now + ElectionJitter()));
        }
    }

    /// <summary>The leader said that it ends, or its process is gone: others may have this member's pre-vote at once.</summary>
    private void LeaderIsGoing(Follower follower, TimeSpan wait)
    {
        follower.HearsLeader = false;
        if (_now + wait < follower.LeaderLostAt)
        {
            follower.LeaderLostAt = _now + wait;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
