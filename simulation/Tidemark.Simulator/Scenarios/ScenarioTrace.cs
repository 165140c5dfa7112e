using System.Globalization;
using Tidemark.Simulator.Network;

namespace Tidemark.Simulator.Scenarios;

/// <summary>What happened, in words for the reader of a violation, and as one number that two equal runs share.</summary>
public sealed class ScenarioTrace(VirtualTime time)
{
    private const int Kept = 80;
    private const ulong Prime = 0x0000_0100_0000_01B3;

    private readonly Queue<string> _last = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>A digest (FNV-1a) of every event with its time.</summary>
    public ulong Hash { get; private set; } = 0xCBF2_9CE4_8422_2325;

    /// <summary>Hears every event as it happens.</summary>
    public Action<string>? Sink { get; init; }

    /// <summary>The newest events in words.</summary>
    public IReadOnlyCollection<string> Last => _last;

    /// <summary>How often what happened: what a run has covered.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    public void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    public void Tell(string words)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{time.Elapsed.TotalSeconds,10:0.000000}  {words}");
        foreach (char c in line)
        {
            Mix(c);
        }

        _last.Enqueue(line);
        if (_last.Count > Kept)
        {
            _last.Dequeue();
        }

        Sink?.Invoke(line);
    }

    public void OnNetwork(NetworkEvent happened)
    {
        Mix((ulong)time.Elapsed.Ticks);
        Mix((ulong)happened.Kind);
        Mix((ulong)happened.Connection);
        Mix(((ulong)happened.Bytes << 32) | happened.Checksum);
        if (happened.Kind is NetworkEventKind.Broken or NetworkEventKind.FrameCut or NetworkEventKind.GivenUp or NetworkEventKind.Reset)
        {
            Count($"network {happened.Kind}");
        }
    }

    private void Mix(ulong value) => Hash = (Hash ^ value) * Prime;
}
