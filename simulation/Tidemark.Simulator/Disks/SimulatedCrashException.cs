namespace Tidemark.Simulator.Disks;

/// <summary>
/// The machine stopped in the middle of this call. It is no <see cref="IOException"/>, because nothing in the crashed process may
/// react to it: whoever drives the simulation drops the process's events and starts it again on <see cref="MemoryDisk.Restart"/>.
/// </summary>
public sealed class SimulatedCrashException() : Exception("The simulated machine has crashed");
