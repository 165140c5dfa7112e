using System.Buffers;
using System.Runtime.InteropServices;
using Tidemark.Broker.Connections;
using Tidemark.Network.Native;

namespace Tidemark.Network.Connections;

/// <summary>
/// Writes answers to a socket without waiting: small parts are copied together and leave in one call, large ones in memory go as
/// they are, large ranges of files by <c>sendfile</c>. While more is to come the kernel is told so, that packets be full.
/// </summary>
internal sealed unsafe class AnswerWriter
{
    /// <summary>Below this size reading into a buffer is as cheap as <c>sendfile</c>, and shares a call with its neighbours.</summary>
    private const int SendFileMin = 64 * 1024;

    /// <summary>From this size on copying costs more than a call of its own.</summary>
    private const int DirectMin = 16 * 1024;

    private const int GatherSize = 64 * 1024;

    private static readonly bool SendFileWorks = Environment.Is64BitProcess && OperatingSystem.IsLinux();

    [ThreadStatic]
    private static byte[]? _gather;

    private readonly Queue<OutboundFrame> _frames = new(1);
    private int _part;
    private int _offset;

    /// <summary>Why the last write failed.</summary>
    public string? Failure { get; private set; }

    /// <summary>The system's last error; it stands behind the failure, if that came from a socket.</summary>
    public int Error { get; private set; }

    public void Add(OutboundFrame frame) => _frames.Enqueue(frame);

    /// <summary>Writes up to about <paramref name="budget"/> bytes, and releases the frames that are through.</summary>
    public WriteOutcome Write(int descriptor, ref long budget, out long written)
    {
        written = 0;
        try
        {
            while (_frames.TryPeek(out OutboundFrame? frame))
            {
                if (_part == frame.Parts.Count)
                {
                    (_part, _offset) = (0, 0);
                    _frames.Dequeue().Dispose();
                    continue;
                }

                OutboundPart part = frame.Parts[_part];
                if (_offset == part.Length)
                {
                    (_part, _offset) = (_part + 1, 0);
                    continue;
                }

                if (budget <= 0)
                {
                    return WriteOutcome.TurnOver;
                }

                nint wanted = IsSentAsFile(part) ? SendFile(descriptor, part, budget, out nint count)
                    : IsSentDirectly(part) ? SendDirectly(descriptor, part, out count)
                    : SendGathered(descriptor, out count);
                if (count < 0)
                {
                    int error = Marshal.GetLastPInvokeError();
                    if (error == Libc.EINTR)
                    {
                        continue;
                    }

                    (Failure, Error) = (Libc.LastErrorText(), error);
                    return error == Libc.EAGAIN ? WriteOutcome.Full : WriteOutcome.Failed;
                }

                if (count == 0)
                {
                    Failure = $"{part.File?.Path} ended before what was to be sent of it";
                    return WriteOutcome.Failed;
                }

                Advance(count);
                written += count;
                budget -= count;
                if (count < wanted && part.File is null)
                {
                    return WriteOutcome.Full;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            Failure = $"the log could not be read: {error.Message}";
            return WriteOutcome.Failed;
        }

        return WriteOutcome.Done;
    }

    /// <summary>Releases what was not written.</summary>
    public void Drop()
    {
        while (_frames.TryDequeue(out OutboundFrame? frame))
        {
            frame.Dispose();
        }
    }

    private static bool IsSentAsFile(in OutboundPart part) => part.Length >= SendFileMin && part.File?.Handle is not null && SendFileWorks;

    private static bool IsSentDirectly(in OutboundPart part) => part.File is null && part.Length >= DirectMin;

    private nint SendFile(int descriptor, in OutboundPart part, long budget, out nint count)
    {
        long position = part.Position + _offset;
        nint wanted = (nint)Math.Min(part.Length - _offset, Math.Max(budget, SendFileMin));
        count = Libc.SendFile(descriptor, part.File!.Handle!, &position, (nuint)wanted);
        return wanted;
    }

    private nint SendDirectly(int descriptor, in OutboundPart part, out nint count)
    {
        ReadOnlyMemory<byte> rest = part.Memory[_offset..];
        using MemoryHandle pin = rest.Pin();
        count = Libc.Send(descriptor, pin.Pointer, (nuint)rest.Length, Libc.MSG_NOSIGNAL | (IsLast(_part) ? 0 : Libc.MSG_MORE));
        return rest.Length;
    }

    private bool IsLast(int part) => _frames.Count == 1 && part == _frames.Peek().Parts.Count - 1;

    private nint SendGathered(int descriptor, out nint count)
    {
        byte[] gather = _gather ??= GC.AllocateUninitializedArray<byte>(GatherSize, pinned: true);
        int length = Gather(gather, out bool moreFollows);
        fixed (byte* start = gather)
        {
            count = length == 0 ? 0 : Libc.Send(descriptor, start, (nuint)length, Libc.MSG_NOSIGNAL | (moreFollows ? Libc.MSG_MORE : 0));
        }

        return length;
    }

    /// <summary>Copies small parts, of as many answers as wait, until the buffer is full or a large part comes.</summary>
    private int Gather(Span<byte> into, out bool moreFollows)
    {
        int length = 0;
        int partIndex = _part;
        int offset = _offset;
        moreFollows = true;
        foreach (OutboundFrame frame in _frames)
        {
            for (; partIndex < frame.Parts.Count; partIndex++, offset = 0)
            {
                OutboundPart part = frame.Parts[partIndex];
                int count = Math.Min(part.Length - offset, into.Length - length);
                if (part.Length > 0 && (IsSentAsFile(part) || IsSentDirectly(part) || count == 0))
                {
                    return length;
                }

                int copied = Copy(part, offset, into.Slice(length, count));
                length += copied;
                if (copied < part.Length - offset)
                {
                    return length;
                }
            }

            partIndex = 0;
        }

        moreFollows = false;
        return length;
    }

    /// <summary>Copies from a part; fewer bytes than asked for when its file ends before.</summary>
    private static int Copy(in OutboundPart part, int offset, Span<byte> into)
    {
        if (part.File is not null)
        {
            return part.File.Read(part.Position + offset, into);
        }

        part.Memory.Span.Slice(offset, into.Length).CopyTo(into);
        return into.Length;
    }

    private void Advance(nint count)
    {
        while (count > 0)
        {
            OutboundFrame frame = _frames.Peek();
            if (_part == frame.Parts.Count)
            {
                (_part, _offset) = (0, 0);
                _frames.Dequeue().Dispose();
                continue;
            }

            int step = (int)Math.Min(count, frame.Parts[_part].Length - _offset);
            count -= step;
            _offset += step;
            if (_offset == frame.Parts[_part].Length)
            {
                (_part, _offset) = (_part + 1, 0);
            }
        }
    }
}
