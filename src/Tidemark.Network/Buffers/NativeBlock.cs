using System.Buffers;
using Tidemark.Network.Native;

namespace Tidemark.Network.Buffers;

/// <summary>
/// Memory taken from the operating system page by page as it is touched, however much was asked for: the room for a frame that was
/// announced and never comes costs one page. Huge pages are declined, for they would undo that.
/// </summary>
internal sealed unsafe class NativeBlock : MemoryManager<byte>
{
    private readonly int _length;
    private byte* _start;

    public NativeBlock(int length)
    {
        const int Protection = Libc.PROT_READ | Libc.PROT_WRITE;
        const int Flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE;
        void* start = Libc.Map(null, (nuint)length, Protection, Flags, -1, 0);
        if ((nint)start == -1)
        {
            throw new OutOfMemoryException($"mmap of {length} bytes: {Libc.LastErrorText()}");
        }

        Libc.Advise(start, (nuint)length, Libc.MADV_NOHUGEPAGE);
        _start = (byte*)start;
        _length = length;
    }

    /// <summary>The most that may have been touched, which is what the block costs while it is kept.</summary>
    public int TouchedBytes { get; private set; }

    public void Touch(int bytes) => TouchedBytes = Math.Max(TouchedBytes, bytes);

    public void Free() => ((IDisposable)this).Dispose();

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_start != null)
        {
            Libc.Unmap(_start, (nuint)_length);
            _start = null;
        }
    }
}
