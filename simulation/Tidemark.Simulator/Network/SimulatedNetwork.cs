using Tidemark.Broker.Links;
using Tidemark.Primitives;

namespace Tidemark.Simulator.Network;

/// <summary>
/// The network between the hosts of a simulation. Delays and faults are drawn from its own stream of the seed, in the order of events, so
/// the same seed gives the same run. All ways are free and quick until somebody blocks or slows them; a host reaches itself always.
/// </summary>
public sealed class SimulatedNetwork(VirtualTime time, SeededRandom random, NetworkTimings? timings = null)
{
    private readonly Dictionary<string, SimulatedHost> _hosts = [];
    private readonly List<SimulatedHost> _hostList = [];
    private readonly List<SimulatedLink> _links = [];
    private readonly HashSet<(SimulatedHost From, SimulatedHost To)> _blocked = [];
    private readonly Dictionary<(SimulatedHost From, SimulatedHost To), Slowness> _slow = [];
    private readonly Dictionary<(SimulatedHost From, SimulatedHost To), int> _narrow = [];
    private long _lastLinkId;

    public NetworkTimings Timings { get; } = timings ?? new NetworkTimings();

    /// <summary>What goes wrong by chance from now on.</summary>
    public NetworkFaults Faults { get; set; } = NetworkFaults.None;

    /// <summary>Told of everything that happens, for traces and counts.</summary>
    public Action<NetworkEvent>? Observer { get; set; }

    public IReadOnlyList<SimulatedHost> Hosts => _hostList;

    /// <summary>Connections that at least one of their hosts knows of, oldest first.</summary>
    public IReadOnlyList<SimulatedLink> Links => _links;

    internal VirtualTime Time => time;

    internal TimeSpan Now => time.Elapsed;

    internal SeededRandom Random => random;

    /// <summary>Adds a machine; nodes and clients reach it by its name.</summary>
    public SimulatedHost AddHost(string name)
    {
        var host = new SimulatedHost(this, name, $"192.0.2.{_hostList.Count + 1}");
        _hosts.Add(name, host);
        _hostList.Add(host);
        return host;
    }

    /// <summary>Nothing gets from one host to the other until it is unblocked; the other way stays as it is.</summary>
    public void Block(SimulatedHost from, SimulatedHost to)
    {
        if (from != to)
        {
            _blocked.Add((from, to));
        }
    }

    /// <summary>What was blocked gets through, with whatever is still being sent again.</summary>
    public void Unblock(SimulatedHost from, SimulatedHost to)
    {
        _blocked.Remove((from, to));
        RetryAll();
    }

    /// <summary>Nothing gets from either group to the other; hosts that belong to neither reach both, so a partition may be partial.</summary>
    public void Partition(IReadOnlyCollection<SimulatedHost> one, IReadOnlyCollection<SimulatedHost> other)
    {
        foreach (SimulatedHost a in one)
        {
            foreach (SimulatedHost b in other)
            {
                Block(a, b);
                Block(b, a);
            }
        }
    }

    /// <summary>Makes a way slow.</summary>
    /// <param name="longestDelay">The longest that anything is under way.</param>
    /// <param name="bytesPerSecond">What a connection may send beyond that; 0 for as much as it likes.</param>
    public void Slow(SimulatedHost from, SimulatedHost to, TimeSpan longestDelay, long bytesPerSecond = 0) =>
        _slow[(from, to)] = new Slowness(longestDelay, bytesPerSecond);

    /// <summary>Nothing larger gets through, as behind a router that drops long packets without a word: what follows it on the connection waits for it.</summary>
    /// <param name="bytesMax">The longest frame that gets through; <see cref="int.MaxValue"/> for all of them.</param>
    public void Narrow(SimulatedHost from, SimulatedHost to, int bytesMax)
    {
        _narrow[(from, to)] = bytesMax;
        RetryAll();
    }

    /// <summary>All ways are free and quick again, and nothing goes wrong by chance. Hosts that are down or paused stay so.</summary>
    public void Heal()
    {
        Faults = NetworkFaults.None;
        _blocked.Clear();
        _slow.Clear();
        _narrow.Clear();
        RetryAll();
    }

    internal INodeTransport Connect(SimulatedHost from, NodeAddress address, INodeTransportEvents events)
    {
        if (!_hosts.TryGetValue(address.Host, out SimulatedHost? to))
        {
            return new NowhereEnd(this, from, events);
        }

        var link = new SimulatedLink(this, ++_lastLinkId, from, to, address.Port, events);
        _links.Add(link);
        return link.Open();
    }

    internal bool IsBlocked(SimulatedHost from, SimulatedHost to) => to.IsDown || _blocked.Contains((from, to));

    internal bool IsBlocked(SimulatedHost from, SimulatedHost to, int bytes) =>
        IsBlocked(from, to) || (_narrow.TryGetValue((from, to), out int bytesMax) && bytes > bytesMax);

    internal TimeSpan DrawDelay(SimulatedHost from, SimulatedHost to)
    {
        TimeSpan longest = _slow.TryGetValue((from, to), out Slowness? slow) ? slow.LongestDelay : Timings.LongestDelay;
        if (Faults.LongDelayChance > 0 && from != to && random.Chance(Faults.LongDelayChance))
        {
            longest = Faults.LongDelay;
        }

        return TimeSpan.FromTicks(random.Next(longest.Ticks + 1));
    }

    internal TimeSpan DrawLongDelay() => TimeSpan.FromTicks(random.Next(Faults.LongDelay.Ticks + 1));

    internal TimeSpan DrawRetransmission() => TimeSpan.FromTicks(random.Next(Timings.RetransmissionMax.Ticks + 1));

    internal TimeSpan TransferTime(SimulatedHost from, SimulatedHost to, int bytes) =>
        _slow.TryGetValue((from, to), out Slowness? slow) && slow.BytesPerSecond > 0
            ? TimeSpan.FromTicks(bytes * TimeSpan.TicksPerSecond / slow.BytesPerSecond)
            : TimeSpan.Zero;

    internal FrameFault DrawFault(SimulatedHost from, SimulatedHost to)
    {
        if (from == to)
        {
            return FrameFault.None;
        }

        // Nothing is drawn for what cannot happen, so that a fault switched on later does not shift what came before.
        return Faults.BreakChance > 0 && random.Chance(Faults.BreakChance) ? FrameFault.Break
            : Faults.CutChance > 0 && random.Chance(Faults.CutChance) ? FrameFault.Cut
            : Faults.AbandonChance > 0 && Faults.MayAbandon(from, to) && random.Chance(Faults.AbandonChance) ? FrameFault.Abandon
            : FrameFault.None;
    }

    internal void RetryAll()
    {
        foreach (SimulatedLink link in (SimulatedLink[])[.. _links])
        {
            link.Retry();
        }
    }

    internal void ForgetIfOver(SimulatedLink link)
    {
        if (link.IsOver)
        {
            _links.Remove(link);
        }
    }

    internal void Tell(NetworkEventKind kind, SimulatedLink link, Direction direction, ReadOnlySpan<byte> frame = default) =>
        Observer?.Invoke(new NetworkEvent(kind, direction.From.Name, direction.To.Name, link.Id, frame.Length, Crc32C.Compute(frame)));

    private sealed record Slowness(TimeSpan LongestDelay, long BytesPerSecond);
}
