using System.Buffers;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Links;
using Tidemark.Primitives;
using Tidemark.Storage.Files;
using Tidemark.Storage.Segments;

namespace Tidemark.Broker.Runtime;

/// <summary>Work that nobody waits for in line: flushing, deleting, compacting, loading. The simulator runs it on its own schedule.</summary>
public interface IBackground
{
    /// <summary>Runs the work soon, beside other work. The name stands in logs when it fails.</summary>
    void Post(string name, Action work);
}

/// <summary>
/// Everything that the broker takes from the world, so that a simulator can bring its own: wall and monotonic time and timers
/// (<see cref="TimeProvider"/>), disk, background work, randomness, buffers, the log and the way
/// to other nodes.
/// </summary>
/// <param name="FillRandom">Fills a span with random bytes: a cryptographic source in a process, the seed's in the simulator.</param>
public sealed record BrokerEnvironment(
    TimeProvider Time,
    IDisk Disk,
    IBackground Background,
    Action<Memory<byte>> FillRandom,
    MemoryPool<byte> Buffers,
    ILoggerFactory Logs,
    INodeConnector Connector)
{
    /// <summary>Which segment files of partitions are open.</summary>
    public OpenFileBudget LogFiles { get; init; } = new();

    /// <summary>
    /// Whether a host's name has an address, as the operating system's resolver says. It may take that as long as it likes: who asks sets the limit.
    /// Where nobody brings a resolver, no name has one.
    /// </summary>
    public Func<string, Task<bool>> HasAddress { get; init; } = _ => Task.FromResult(false);

    /// <summary>A new random id.</summary>
    public Uuid NewId()
    {
        byte[] random = new byte[16];
        FillRandom(random);
        return Uuid.FromRandom(random);
    }
}
