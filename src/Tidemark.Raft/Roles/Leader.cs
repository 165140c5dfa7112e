using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>Leads. What it appends is committed when a majority of the voters has it on the disk, and never before something of its own epoch is.</summary>
public sealed class Leader : QuorumRole
{
    /// <summary>Anybody may fetch and call itself by some id; this many are remembered, which is far more than a cluster has nodes.</summary>
    private const int ObserversMax = 4096;

    private readonly ReplicaKey _self;
    private readonly Dictionary<BrokerId, ReplicaProgress> _voters = [];
    private readonly Dictionary<ReplicaKey, ReplicaProgress> _observers = [];
    private readonly Dictionary<BrokerId, RequestSlot> _greetings = [];

    internal Leader(LeaderEpoch epoch, ReplicaKey self, IReadOnlyList<VoterEndpoint> endpoints, Offset epochStart, TimeSpan electedAt)
        : base(epoch)
    {
        _self = self;
        LeaderEndpoints = endpoints;
        EpochStart = epochStart;
        ElectedAt = electedAt;
    }

    public override BrokerId? LeaderNode => _self.Node;

    public override IReadOnlyList<VoterEndpoint> LeaderEndpoints { get; }

    public override ReplicaKey? VotedFor => _self;

    /// <summary>The log's end when it was elected: the place of its LeaderChange record.</summary>
    public Offset EpochStart { get; }

    public TimeSpan ElectedAt { get; }

    /// <summary>Everything below is committed; unknown (-1) until something of this epoch is.</summary>
    public Offset HighWatermark { get; internal set; } = Offset.Unknown;

    /// <summary>The change of voters in hand; there is one at a time.</summary>
    internal VoterChange? Change { get; set; }

    /// <summary>With fixed voters: what they told of themselves, which a later upgrade of kraft.version writes down.</summary>
    internal Dictionary<BrokerId, Voter> ToldByVoters { get; } = [];

    /// <summary>The other voters, in no order.</summary>
    internal IEnumerable<ReplicaProgress> OtherVoters => _voters.Values;

    internal IEnumerable<ReplicaProgress> Observers => _observers.Values;

    internal override IEnumerable<RequestSlot> Slots =>
        Change?.Versions is { } versions ? _greetings.Values.Append(versions) : _greetings.Values;

    internal override bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote) => false;

    /// <summary>The voters are these from now on. What is known of a member stays known.</summary>
    internal void TakeVoters(VoterSet voters)
    {
        foreach (ReplicaProgress former in _voters.Values.ToList())
        {
            if (voters.Find(former.Key.Node) is { } now && now.Key.Matches(former.Key))
            {
                former.Key = now.Key;
            }
            else
            {
                _voters.Remove(former.Key.Node);
                _greetings.Remove(former.Key.Node);
                _observers[former.Key] = former;
            }
        }

        foreach (Voter voter in voters.Voters)
        {
            if (voter.Key.Node == _self.Node)
            {
                continue;
            }

            var peer = new QuorumPeer(voter.Key.Node, voter.Endpoints);
            if (!_voters.ContainsKey(voter.Key.Node))
            {
                _voters[voter.Key.Node] = _observers.Remove(voter.Key, out ReplicaProgress? known) ? known : new ReplicaProgress(voter.Key);
                _greetings[voter.Key.Node] = new RequestSlot(peer);
            }

            _greetings[voter.Key.Node].Peer = peer;
        }
    }

    /// <summary>What is known of a member that fetches; null for this leader itself and for whoever is no member.</summary>
    internal ReplicaProgress? ProgressOf(ReplicaKey replica)
    {
        if (replica.Node.Value < 0 || replica.Node == _self.Node)
        {
            return null;
        }

        if (_voters.TryGetValue(replica.Node, out ReplicaProgress? voter) && (voter.Key.Directory.IsZero || voter.Key.Directory == replica.Directory))
        {
            return voter;
        }

        if (!_observers.TryGetValue(replica, out ReplicaProgress? observer))
        {
            if (_observers.Count >= ObserversMax)
            {
                _observers.Remove(_observers.Values.MinBy(each => each.LastFetch ?? TimeSpan.MinValue)!.Key);
            }

            observer = new ReplicaProgress(replica);
            _observers[replica] = observer;
        }

        return observer;
    }

    /// <summary>What the node has said that it knows to be committed, in whichever of its directories it knows most.</summary>
    internal Offset CommittedKnownTo(BrokerId node)
    {
        Offset known = _voters.TryGetValue(node, out ReplicaProgress? voter) ? voter.KnownCommitted : Offset.Unknown;
        foreach ((ReplicaKey replica, ReplicaProgress observer) in _observers)
        {
            known = replica.Node == node ? Offset.Max(known, observer.KnownCommitted) : known;
        }

        return known;
    }

    internal void ForgetObserversUnheardSince(TimeSpan time)
    {
        foreach (ReplicaProgress observer in _observers.Values.Where(each => each.LastFetch is null || each.LastFetch < time).ToList())
        {
            _observers.Remove(observer.Key);
        }
    }

    /// <summary>The slots for BeginQuorumEpoch, with what is known of each voter.</summary>
    internal IEnumerable<(ReplicaProgress Voter, RequestSlot Slot)> Greetings
    {
        get
        {
            foreach ((BrokerId node, RequestSlot slot) in _greetings)
            {
                yield return (_voters[node], slot);
            }
        }
    }

    /// <summary>The offset that a majority of the voters has on its disks. The leader counts with what it flushed, and only while it votes: null otherwise.</summary>
    internal Offset MajorityEnd(VoterSet voters, Offset? flushed)
    {
        List<long> ends = new(_voters.Count + 1);
        foreach ((_, ReplicaProgress voter) in _voters)
        {
            ends.Add(voter.LogEnd.Value);
        }

        if (flushed is { } own)
        {
            ends.Add(own.Value);
        }

        ends.Sort();
        int needed = Plants.IsOn(Plant.CommitByMinority) ? Math.Max(1, voters.Majority - 1) : voters.Majority;
        return ends.Count < needed ? Offset.Unknown : new Offset(ends[^needed]);
    }

    /// <summary>When the last majority, this leader included while it votes, was heard of. Null when it needs nobody else.</summary>
    internal TimeSpan? MajorityHeardAt(VoterSet voters, bool isVoter)
    {
        int others = isVoter ? voters.Majority - 1 : voters.Majority;
        if (others == 0)
        {
            return null;
        }

        List<long> heard = new(_voters.Count);
        foreach ((_, ReplicaProgress voter) in _voters)
        {
            heard.Add(Later(voter.LastFetch, ElectedAt).Ticks);
        }

        heard.Sort();
        return others > heard.Count ? ElectedAt : new TimeSpan(heard[^others]);
    }

    private static TimeSpan Later(TimeSpan? a, TimeSpan b) => a is { } time && time > b ? time : b;
}
