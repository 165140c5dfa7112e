using Tidemark.Primitives;

namespace Tidemark.Raft.Tests.Simulation;

/// <summary>A record of the metadata log: whatever it says, told apart by a number, or a set of voters.</summary>
public sealed record Entry(LeaderEpoch Epoch, long Value, VoterSet? Voters = null);

/// <summary>A metadata log with a disk below it that keeps only what was flushed.</summary>
public sealed class MemoryLog : IQuorumLog
{
    private readonly List<Entry> _entries = [];
    private Entry[] _durable = [];

    public LogPosition End => new(new Offset(_entries.Count), _entries.Count == 0 ? new LeaderEpoch(0) : _entries[^1].Epoch);

    public Offset Start { get; private set; } = Offset.Zero;

    public LogPosition? OldestSnapshot => NewestSnapshot;

    public LogPosition? NewestSnapshot { get; private set; }

    /// <summary>All records ever, those too that only a snapshot stands for.</summary>
    public IReadOnlyList<Entry> Entries => _entries;

    public IReadOnlyList<Entry> Durable => _durable;

    public LogPosition? EndOfEpoch(LeaderEpoch epoch)
    {
        for (int i = _entries.Count - 1; i >= Start.Value; i--)
        {
            if (_entries[i].Epoch <= epoch)
            {
                return new LogPosition(new Offset(i + 1), _entries[i].Epoch);
            }
        }

        return null;
    }

    public void Append(Entry entry) => _entries.Add(entry);

    public IReadOnlyList<Entry> Read(Offset from, int max) => [.. _entries.Skip((int)from.Value).Take(max)];

    public void TruncateTo(Offset end)
    {
        Invariant.Require(end >= Start);
        _entries.RemoveRange((int)end.Value, _entries.Count - (int)end.Value);
    }

    public Offset Flush()
    {
        _durable = [.. _entries];
        return End.EndOffset;
    }

    /// <summary>A snapshot of all below the offset takes the place of those records.</summary>
    public void Snapshot(Offset end)
    {
        NewestSnapshot = new LogPosition(end, _entries[(int)end.Value - 1].Epoch);
        Start = end;
        if (_durable.Length < end.Value)
        {
            Flush();
        }
    }

    /// <summary>The records below the offset came as a snapshot; the log is empty behind them.</summary>
    public void StartAt(IEnumerable<Entry> content)
    {
        _entries.Clear();
        _entries.AddRange(content);
        Snapshot(End.EndOffset);
        Flush();
    }

    /// <summary>The power fails: what was not flushed may be there or not, and what was cut off since may be back.</summary>
    public void LosePower(Random random)
    {
        int shared = 0;
        while (shared < _durable.Length && shared < _entries.Count && _durable[shared] == _entries[shared])
        {
            shared++;
        }

        if (shared < _durable.Length && random.Next(2) == 0)
        {
            _entries.Clear();
            _entries.AddRange(_durable);
        }
        else
        {
            int kept = random.Next(shared, _entries.Count + 1);
            _entries.RemoveRange(kept, _entries.Count - kept);
        }

        _durable = [.. _entries];
    }
}
