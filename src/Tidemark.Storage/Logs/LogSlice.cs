using Tidemark.Primitives;
using Tidemark.Storage.Files;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>
/// The answer to a read: a range of a segment's file, which stays open until the slice is disposed, also when the segment is deleted
/// meanwhile. The range begins with the batch that holds the offset asked for and may end within a batch, as in Kafka.
/// </summary>
public sealed class LogSlice : IDisposable
{
    private SegmentFile? _lease;
    private Segment? _segment;
    private long _segmentEnd;

    private LogSlice(ErrorCode error, SegmentFile? lease, IDiskFile? file, long position, int length)
    {
        (Error, _lease, File, Position, Length) = (error, lease, file, position, length);
    }

    /// <summary><see cref="ErrorCode.OffsetOutOfRange"/>, <see cref="ErrorCode.KafkaStorageError"/> or none.</summary>
    public ErrorCode Error { get; }

    /// <summary>Null when there is nothing to read.</summary>
    public IDiskFile? File { get; }

    public long Position { get; }

    public int Length { get; }

    public bool IsEmpty => Length == 0;

    /// <summary>Copies the bytes out; answers how many there were.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public int CopyTo(Span<byte> into)
    {
        if (File is null)
        {
            return 0;
        }

        int read = File.Read(Position, into[..Length]);
        return read == Length ? read : throw new IOException($"{File.Path} ends before {Position + Length}");
    }

    public void Dispose() => Interlocked.Exchange(ref _lease, null)?.Release();

    internal static LogSlice Empty { get; } = new(ErrorCode.None, null, null, 0, 0);

    internal static LogSlice OutOfRange { get; } = new(ErrorCode.OffsetOutOfRange, null, null, 0, 0);

    internal static LogSlice Failed { get; } = new(ErrorCode.KafkaStorageError, null, null, 0, 0);

    /// <summary>An offset above all that the slice holds, and not far above: by the segment's index, or where the segment ends.</summary>
    internal Offset OffsetBound
    {
        get
        {
            try
            {
                return new(_segment?.Offsets.FirstAtOrAfter((int)Position + Length) ?? _segmentEnd);
            }
            catch (FileNotFoundException)
            {
                // Only the log file is held; the index may have gone with its segment.
                return new(_segmentEnd);
            }
        }
    }

    /// <param name="segmentEnd">Where the next segment begins, or the log ends.</param>
    internal static LogSlice Of(Segment segment, IDiskFile file, int position, int length, long segmentEnd) =>
        new(ErrorCode.None, segment.File, file, position, length) { _segment = segment, _segmentEnd = segmentEnd };
}
