using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

public sealed partial class QuorumMember
{
    /// <summary>When to call <see cref="Tick"/> at the latest; null while only others can make something happen. Later than the last call's time.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = null;
            if (_isStarted && !_isHalted)
            {
                foreach (TimeSpan? each in Deadlines())
                {
                    next = each is { } time && (next is null || time < next) ? time : next;
                }
            }

            return next;
        }
    }

    /// <summary>Does all that is due, until nothing is.</summary>
    private void Drive()
    {
        if (!_isStarted || _isHalted)
        {
            return;
        }

        QuorumRole driven;
        do
        {
            driven = Role;
            foreach (RequestSlot slot in driven.Slots)
            {
                slot.Expire(_now, Timeouts.RetryBackoff);
            }

            switch (driven)
            {
                case Leader leader:
                    DriveLeader(leader);
                    break;
                case Resigned resigned:
                    DriveResigned(resigned);
                    break;
                case Follower follower when !_isShuttingDown:
                    DriveFollower(follower);
                    break;
                case Unattached unattached when !_isShuttingDown:
                    DriveUnattached(unattached);
                    break;
                case Prospective prospective when !_isShuttingDown:
                    DriveElection(prospective, prospective.Tally, isPreVote: true);
                    break;
                case Candidate candidate when !_isShuttingDown:
                    DriveElection(candidate, candidate.Tally, isPreVote: false);
                    break;
            }
        }
        while (Role != driven);
    }

    private IEnumerable<TimeSpan?> Deadlines()
    {
        switch (Role)
        {
            case Leader leader:
                yield return CheckQuorumAt(leader);
                yield return leader.Change?.Deadline;
                yield return leader.Change?.Versions?.NextDeadline;
                foreach ((ReplicaProgress voter, RequestSlot slot) in leader.Greetings)
                {
                    yield return slot.UnderWay is null ? GreetingAt(voter, slot) : slot.Until;
                }

                break;
            case Resigned resigned:
                yield return _isShuttingDown ? null : resigned.Deadline;
                foreach (RequestSlot slot in resigned.Farewells)
                {
                    yield return slot.NextDeadline;
                }

                break;
            case Follower follower when !_isShuttingDown:
                yield return follower.LeaderLostAt;
                yield return follower.AwaitsLog || (follower.Fetching.UnderWay is null && follower.Snapshot is null && AwaitsFlush) ? null : follower.Fetching.NextDeadline;
                yield return follower.ChangingVoters.UnderWay is null && OwnVoterChange(follower) is null ? null : follower.ChangingVoters.NextDeadline;
                break;
            case Unattached unattached when !_isShuttingDown:
                yield return MayStand ? unattached.ElectionAt : null;
                yield return CanLookForLeader && (unattached.Search.UnderWay is not null || !AwaitsFlush) ? unattached.Search.NextDeadline : null;
                break;
            case Prospective or Candidate when !_isShuttingDown:
                yield return Role.Deadline;
                foreach (RequestSlot slot in Role.Slots)
                {
                    yield return slot.NextDeadline;
                }

                break;
        }
    }

    private void DriveElection(QuorumRole role, VoteTally tally, bool isPreVote)
    {
        if (tally.IsWon)
        {
            if (isPreVote)
            {
                BecomeCandidate();
            }
            else
            {
                BecomeLeader(Epoch, tally.Granting);
            }
        }
        else if (tally.IsLost || _now >= role.Deadline || !MayStand)
        {
            LoseElection();
        }
        else
        {
            foreach ((Voter voter, RequestSlot slot) in tally.Slots)
            {
                if (slot.IsFree(_now))
                {
                    var ask = new VoteAsk(_options.Self, Epoch, _log.End, isPreVote, voter.Key);
                    Send(slot, id => new SendVote(id, slot.Peer, ask));
                }
            }
        }
    }

    private void DriveUnattached(Unattached role)
    {
        if (IsLoneVoter || (MayStand && _now >= role.ElectionAt))
        {
            BecomeProspective();
        }
        else if (CanLookForLeader && role.Search.IsFree(_now) && AwaitsFlush)
        {
            // The leader itself may be who is asked, and it counts what it hears.
            AskForFlush();
        }
        else if (CanLookForLeader && role.Search.IsFree(_now))
        {
            role.Search.Peer = SomePeer();
            Send(role.Search, id => new SendFetch(id, role.Search.Peer, OwnFetch()));
        }
    }

    private void DriveResigned(Resigned role)
    {
        if (!_isShuttingDown && _now >= role.Deadline)
        {
            // A later epoch tells the former followers that there is nobody to wait for.
            Enter(new Unattached(new LeaderEpoch(Epoch.Value + 1), electionAt: _now + _jitter.UpTo(Timeouts.Election)));
            return;
        }

        foreach (RequestSlot slot in role.Farewells)
        {
            if (slot.IsFree(_now))
            {
                var ask = new EndEpochAsk(Self, Epoch, role.Successors, _options.Endpoints);
                Send(slot, id => new SendEndEpoch(id, slot.Peer, ask));
            }
        }
    }

    private void DriveLeader(Leader leader)
    {
        VotersAt voters = _voters.Last;
        bool isRemoved = !IsVoter && voters.At < leader.HighWatermark;
        if (isRemoved || _now >= CheckQuorumAt(leader))
        {
            BecomeResigned(leader);
            return;
        }

        foreach ((ReplicaProgress voter, RequestSlot slot) in leader.Greetings)
        {
            if (slot.UnderWay is null && _now >= GreetingAt(voter, slot))
            {
                var ask = new BeginEpochAsk(Self, Epoch, voter.Key, _options.Endpoints);
                Send(slot, id => new SendBeginEpoch(id, slot.Peer, ask));
            }
        }

        DriveVoterChange(leader);
    }

    /// <summary>A voter that fetches knows its leader; one that has not for a while is told.</summary>
    private TimeSpan GreetingAt(ReplicaProgress voter, RequestSlot slot) =>
        voter.LastFetch is { } heard && heard + (Timeouts.Fetch / 2) > slot.Until ? heard + (Timeouts.Fetch / 2) : slot.Until;

    /// <summary>When the leader has not been heard by a majority for too long, so that another may have been elected (check-quorum); null for a quorum of one.</summary>
    private TimeSpan? CheckQuorumAt(Leader leader) => leader.MajorityHeardAt(Voters, IsVoter) + (Timeouts.Fetch * 1.5);

    private bool CanLookForLeader => _options.HasBootstrapServers || Voters.Count > (IsVoter ? 1 : 0);

    /// <summary>One of the other voters, or somebody out of the configuration, by chance.</summary>
    private QuorumPeer SomePeer()
    {
        List<Voter> others = [.. Voters.Voters.Where(each => each.Key.Node != Self)];
        int choice = _jitter.UpTo(others.Count + (_options.HasBootstrapServers ? 1 : 0));
        return choice < others.Count ? new QuorumPeer(others[choice].Key.Node, others[choice].Endpoints) : QuorumPeer.Bootstrap;
    }
}
