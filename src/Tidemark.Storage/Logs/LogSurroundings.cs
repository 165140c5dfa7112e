using Tidemark.Storage.Files;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>What all logs of a broker share: disk, clock, the ear for their events, the bound on open files.</summary>
public sealed record LogSurroundings(IDisk Disk, TimeProvider Time, IStorageEvents Events, OpenFileBudget Files)
{
    internal long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
