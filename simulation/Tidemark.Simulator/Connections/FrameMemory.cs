using System.Buffers;

namespace Tidemark.Simulator.Connections;

/// <summary>A request's bytes, turned to garbage on release so that a use after it shows.</summary>
internal sealed class FrameMemory(byte[] bytes) : IMemoryOwner<byte>
{
    public Memory<byte> Memory => bytes;

    public void Dispose() => bytes.AsSpan().Fill(0xDB);
}
