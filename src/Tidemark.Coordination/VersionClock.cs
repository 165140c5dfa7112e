namespace Tidemark.Coordination;

/// <summary>
/// Numbers the writes of a shard. Every change is made in the name of the write under way, and stays apart from what is committed until
/// that write is.
/// </summary>
public sealed class VersionClock
{
    private readonly List<IVersioned> _maps = [];

    /// <summary>The write in whose name changes are made; 0 for what was read from the log and is committed.</summary>
    public long Current { get; private set; }

    public void Begin(long write) => Current = write;

    /// <summary>All writes up to this one are committed.</summary>
    public void Commit(long write)
    {
        foreach (IVersioned map in _maps)
        {
            map.Commit(write);
        }
    }

    /// <summary>Undoes all writes after this one.</summary>
    public void RevertTo(long write)
    {
        foreach (IVersioned map in _maps)
        {
            map.RevertTo(write);
        }
    }

    internal void Add(IVersioned map) => _maps.Add(map);
}

/// <summary>Something with a committed and a newest state.</summary>
internal interface IVersioned
{
    void Commit(long write);

    void RevertTo(long write);
}
