using System.Buffers;

namespace Tidemark.Simulator;

/// <summary>
/// Buffers of exactly the size asked for, full of garbage before use and after release: reading what was not written, writing past
/// the size asked for and using a released buffer all show up as wrong bytes, the same in every run.
/// </summary>
public sealed class PoisoningMemoryPool : MemoryPool<byte>
{
    private const byte Unwritten = 0xCD;
    private const byte Released = 0xDB;

    private int _rentedCount;

    /// <summary>Buffers that were rented and not yet released.</summary>
    public int RentedCount => _rentedCount;

    public override int MaxBufferSize => Array.MaxLength;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        byte[] bytes = new byte[minBufferSize < 0 ? 4096 : minBufferSize];
        bytes.AsSpan().Fill(Unwritten);
        Interlocked.Increment(ref _rentedCount);
        return new Owner(this, bytes);
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Owner(PoisoningMemoryPool pool, byte[] bytes) : IMemoryOwner<byte>
    {
        private bool _released;

        public Memory<byte> Memory => _released ? throw new ObjectDisposedException(nameof(IMemoryOwner<byte>)) : bytes;

        public void Dispose()
        {
            if (!_released)
            {
                _released = true;
                bytes.AsSpan().Fill(Released);
                Interlocked.Decrement(ref pool._rentedCount);
            }
        }
    }
}
