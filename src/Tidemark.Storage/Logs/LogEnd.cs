using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>
/// Where the log ends: the next offset, and its place in the active segment. Published as a whole, so that a reader never sees bytes
/// behind the offset that it was told. The few ends before it are kept, because followers, consumers and the high watermark
/// mostly stand at one of them, and then nothing has to be searched for.
/// </summary>
internal sealed class LogEnd(long offset, Segment segment, int position, LogEnd? previous)
{
    private const int Kept = 4;
    private readonly int _depth = previous is null ? 0 : previous._depth + 1;

    public long Offset { get; } = offset;

    public Segment Segment { get; } = segment;

    public int Position { get; } = position;

    private LogEnd? Previous { get; set; } = previous;

    /// <summary>The end after an append. Cuts the memory of earlier ends now and then, so that it stays short.</summary>
    public LogEnd Next(long offset, Segment segment, int position)
    {
        var next = new LogEnd(offset, segment, position, this);
        if (next._depth % Kept == 0)
        {
            LogEnd? last = this;
            for (int i = 1; i < Kept && last is not null; i++)
            {
                last = last.Previous;
            }

            if (last is not null)
            {
                last.Previous = null;
            }
        }

        return next;
    }

    /// <summary>The position of an offset in this segment, if an append ended there lately.</summary>
    public bool TryFind(long offset, Segment segment, out int position)
    {
        for (LogEnd? end = this; end is not null && end.Offset >= offset; end = end.Previous)
        {
            if (end.Offset == offset && ReferenceEquals(end.Segment, segment))
            {
                position = end.Position;
                return true;
            }
        }

        position = 0;
        return false;
    }
}
