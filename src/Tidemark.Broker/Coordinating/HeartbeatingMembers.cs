namespace Tidemark.Broker.Coordinating;

/// <summary>How many members heartbeat to this node. Each shard tells what it has more or fewer than before, at the end of a turn in which that changed, and takes all back when it ends.</summary>
public sealed class HeartbeatingMembers
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(int more) => Interlocked.Add(ref _count, more);
}
