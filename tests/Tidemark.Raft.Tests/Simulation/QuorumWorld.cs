using Tidemark.Primitives;

namespace Tidemark.Raft.Tests.Simulation;

/// <summary>
/// Members of a quorum on virtual time, with a network that delays, loses, doubles and reorders messages and can be cut, and disks that forget what was
/// not flushed. Everything follows from one seed.
/// </summary>
public sealed class QuorumWorld
{
    private const int TraceMax = 60;

    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly HashSet<(BrokerId From, BrokerId To)> _cuts = [];
    private readonly Dictionary<LogPosition, IReadOnlyList<Entry>> _snapshots = [];
    private readonly Dictionary<BrokerId, TimeSpan> _ticks = [];
    private readonly Queue<(TimeSpan At, BrokerId Node, object What)> _trace = new();
    private long _order;
    private long _values;

    public QuorumWorld(int seed, int nodes, int voters, short kraftVersion)
    {
        Random = new Random(seed);
        Checks = new QuorumChecks(this);
        List<ReplicaKey> keys = [.. Enumerable.Range(1, nodes).Select(id => new ReplicaKey(new BrokerId(id), new Uuid(7, (ulong)id)))];
        var first = new VoterSet(kraftVersion, keys.Take(voters).Select(key => new Voter(kraftVersion == 0 ? key with { Directory = Uuid.Zero } : key, [SimulatedNode.EndpointOf(key.Node)])));
        Nodes = [.. keys.Select(key => new SimulatedNode(this, key, first))];
    }

    public Random Random { get; }

    public TimeSpan Now { get; private set; }

    public IReadOnlyList<SimulatedNode> Nodes { get; }

    public QuorumChecks Checks { get; }

    /// <summary>How often a message is lost, and how often it comes twice.</summary>
    public double Loss { get; set; }

    /// <summary>The longest that a message may take, in milliseconds.</summary>
    public int DelayMsMax { get; set; } = 5;

    public SortedDictionary<string, int> Counts { get; } = [];

    public SimulatedNode? Leader => Nodes.Where(node => node.IsLeader).MaxBy(node => node.Member!.Epoch);

    /// <summary>The end of the run, in words.</summary>
    public IEnumerable<string> LastEvents => _trace.Select(each => $"{each.At.TotalMilliseconds,9:0.0} ms  {each.Node}: {each.What}").Concat(Nodes.Select(node => node.Member is { } member
        ? $"{node.Key.Node}: {member.Role.GetType().Name} of epoch {member.Epoch}, led by {member.LeaderNode}, log {node.Log.End}, committed {member.HighWatermark}, voters {member.Voters}, next at {member.NextDeadline}"
        : $"{node.Key.Node}: down, log {node.Log.End}, {node.Known}"));

    public long NextValue() => ++_values;

    public void Count(string what, int times = 1) => Counts[what] = Counts.GetValueOrDefault(what) + times;

    public void At(TimeSpan wait, Action action) => _events.Enqueue(action, (Now + wait, ++_order));

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan span)
    {
        TimeSpan end = Now + span;
        while (_events.TryPeek(out _, out (TimeSpan At, long Order) next) && next.At <= end)
        {
            Action action = _events.Dequeue();
            Now = next.At;
            action();
        }

        Now = end;
    }

    public void Cut(SimulatedNode from, SimulatedNode to) => _cuts.Add((from.Key.Node, to.Key.Node));

    public void Mend() => _cuts.Clear();

    public void Send(SimulatedNode from, SendToPeer request)
    {
        SimulatedNode to = request.Peer.Node == BrokerId.None ? Nodes[Random.Next(Nodes.Count)] : Nodes.First(node => node.Key.Node == request.Peer.Node);
        int life = from.Life;
        if (to.Member is null || to == from)
        {
            At(Delay(), () => { if (life == from.Life) { from.Do(member => member.OnRequestFailed(request.Request, Now)); } });
            return;
        }

        int theirs = to.Life;
        Deliver(from, to, () =>
        {
            if (to.Life == theirs)
            {
                to.Serve(request, (answer, entries) => Deliver(to, from, () =>
                {
                    if (life == from.Life)
                    {
                        from.Receive(request, answer, entries);
                    }
                }));
            }
        });
    }

    /// <summary>After each step of a node: its next deadline is put down, and has to lie ahead.</summary>
    public void After(SimulatedNode node, QuorumMember member)
    {
        if (member.NextDeadline is not { } deadline || (_ticks.TryGetValue(node.Key.Node, out TimeSpan known) && known == deadline))
        {
            return;
        }

        Checks.Require(deadline > Now, $"{node.Key.Node} has a deadline at {deadline} that it does nothing about, as {member.Role.GetType().Name}");
        _ticks[node.Key.Node] = deadline;
        int life = node.Life;
        At(deadline - Now, () =>
        {
            if (life == node.Life && _ticks.TryGetValue(node.Key.Node, out TimeSpan latest) && latest == deadline)
            {
                _ticks.Remove(node.Key.Node);
                node.Do(each => each.Tick(Now));
            }
        });
    }

    public void Trace(SimulatedNode node, object what)
    {
        _trace.Enqueue((Now, node.Key.Node, what));
        if (_trace.Count > TraceMax)
        {
            _trace.Dequeue();
        }
    }

    public void KeepSnapshot(LogPosition id, IReadOnlyList<Entry> content)
    {
        if (content.Count > 0)
        {
            Checks.Require(!_snapshots.TryGetValue(id, out IReadOnlyList<Entry>? known) || known.SequenceEqual(content), $"two snapshots are called {id}");
            _snapshots[id] = content;
        }
    }

    public IReadOnlyList<Entry> SnapshotOf(LogPosition id) => _snapshots[id];

    private TimeSpan Delay() => TimeSpan.FromMilliseconds(Random.NextDouble() * (Random.Next(20) == 0 ? DelayMsMax * 20 : DelayMsMax));

    private void Deliver(SimulatedNode from, SimulatedNode to, Action arrive)
    {
        int copies = Random.NextDouble() < Loss ? Random.Next(3) : 1;
        for (int i = 0; i < copies; i++)
        {
            At(Delay(), () =>
            {
                if (!_cuts.Contains((from.Key.Node, to.Key.Node)))
                {
                    arrive();
                }
            });
        }
    }
}
