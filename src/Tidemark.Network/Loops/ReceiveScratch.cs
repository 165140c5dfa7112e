using System.Runtime.InteropServices;

namespace Tidemark.Network.Loops;

/// <summary>
/// The one receive buffer of a loop, so that a connection that waits holds none. What is complete in it is copied to its own buffer,
/// the rest into the room for its frame.
/// </summary>
internal sealed unsafe class ReceiveScratch : IDisposable
{
    /// <summary>Takes a few dozen small requests at once and stays in the processor's cache.</summary>
    public const int Size = 64 * 1024;

    public byte* Start { get; } = (byte*)NativeMemory.AlignedAlloc(Size, 4096);

    public void Dispose() => NativeMemory.AlignedFree(Start);
}
