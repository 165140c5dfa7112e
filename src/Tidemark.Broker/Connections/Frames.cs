using System.Buffers;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Connections;

/// <summary>The bytes of one request in one contiguous buffer, which the broker may write to (batches are stamped in place).</summary>
public sealed class InboundFrame(IMemoryOwner<byte> owner, int length) : IDisposable
{
    private IMemoryOwner<byte>? _owner = owner;

    public Memory<byte> Bytes => (_owner ?? throw new ObjectDisposedException(nameof(InboundFrame))).Memory[..length];

    public int Length => length;

    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}

/// <summary>A piece of an answer: bytes in memory, or a range of a file that the network may send without copying it.</summary>
public readonly record struct OutboundPart(ReadOnlyMemory<byte> Memory, IDiskFile? File, long Position, int Length)
{
    public static OutboundPart Of(ReadOnlyMemory<byte> memory) => new(memory, null, 0, memory.Length);

    public static OutboundPart Of(IDiskFile file, long position, int length) => new(default, file, position, length);
}

/// <summary>A whole answer with its size prefix. What keeps its bytes alive (pooled buffers, leases on segments) is released on disposal.</summary>
public sealed class OutboundFrame(IReadOnlyList<OutboundPart> parts, IReadOnlyList<IDisposable> resources) : IDisposable
{
    private bool _disposed;

    public IReadOnlyList<OutboundPart> Parts => parts;

    public long Length
    {
        get
        {
            long sum = 0;
            foreach (OutboundPart part in parts)
            {
                sum += part.Length;
            }

            return sum;
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            foreach (IDisposable resource in resources)
            {
                resource.Dispose();
            }
        }
    }
}
