using Microsoft.Win32.SafeHandles;
using Tidemark.Records;

namespace Tidemark.Commands.Logs;

/// <summary>
/// Reads a segment's file from batch to batch, as it lies on the disk: no log is opened and nothing is repaired. Ends at the first
/// bytes that are no whole batch, and says what they are.
/// </summary>
internal sealed class SegmentReader(string path) : IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    private byte[] _buffer = new byte[256 * 1024];
    private int _filled;
    private int _at;
    private int _size;

    /// <summary>The current batch's place in the file.</summary>
    public long Position { get; private set; }

    public long FileLength { get; } = new FileInfo(path).Length;

    /// <summary>What ended the reading before the end of the file; null when nothing did.</summary>
    public string? Fault { get; private set; }

    /// <summary>The current batch, header and records. Only after <see cref="MoveNext"/> said true.</summary>
    public StoredBatch Batch => StoredBatch.TryRead(_buffer.AsSpan(_at, _size), out StoredBatch batch) ? batch : default;

    public bool MoveNext()
    {
        Position += _size;
        _at += _size;
        _size = 0;
        while (true)
        {
            if (Position == FileLength)
            {
                return false;
            }

            ReadOnlySpan<byte> rest = _buffer.AsSpan(_at, _filled - _at);
            BatchFault fault = StoredBatch.Frame(rest, out long size);
            if (fault == BatchFault.None)
            {
                _size = (int)size;
                return true;
            }

            long needed = Math.Max(size, StoredBatch.SizeMin);
            if (fault != BatchFault.Incomplete || Position + needed > FileLength)
            {
                var walk = new BatchWalk(rest);
                walk.MoveNext();
                Fault = fault == BatchFault.Incomplete ? $"the file ends within a batch ({FileLength - Position} bytes left)" : walk.Describe();
                return false;
            }

            Refill((int)needed);
        }
    }

    public void Dispose() => _file.Dispose();

    private void Refill(int needed)
    {
        if (needed > _buffer.Length)
        {
            _buffer = new byte[needed];
        }

        _at = 0;
        _filled = 0;
        while (_filled < needed)
        {
            int read = RandomAccess.Read(_file, _buffer.AsSpan(_filled), Position + _filled);
            if (read == 0)
            {
                break;
            }

            _filled += read;
        }
    }
}
