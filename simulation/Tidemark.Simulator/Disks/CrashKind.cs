namespace Tidemark.Simulator.Disks;

/// <summary>What a crash takes with it.</summary>
public enum CrashKind
{
    /// <summary>The process dies (<c>kill -9</c>): the operating system still has all that was written before the call it died in.</summary>
    Process,

    /// <summary>The power fails: of what was not flushed, each page, length and directory survives or not, as the seed says.</summary>
    Power,
}
