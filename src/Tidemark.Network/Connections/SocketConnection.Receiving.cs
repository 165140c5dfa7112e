using System.Buffers;
using System.Runtime.InteropServices;
using Tidemark.Broker.Connections;
using Tidemark.Network.Loops;
using Tidemark.Network.Native;
using Tidemark.Primitives;

namespace Tidemark.Network.Connections;

/// <content>Frames in: received straight into their frame where one is under way, else into the loop's scratch. On the loop's thread.</content>
internal abstract partial class SocketConnection
{
    /// <summary>Bytes received before other connections get their turn.</summary>
    private const int ReceivedAtOnceMax = 1 << 20;

    /// <summary>How much of an unfinished request counts as a sign of life. Whoever sends less in the idle time is cut off.</summary>
    private const int ActivityBytesMin = 16 * 1024;

    private readonly FrameAssembler _assembler;
    private byte[]? _kept;
    private int _bytesSinceActivity;

    private unsafe void Receive()
    {
        TakeKept();
        IoVector* rooms = stackalloc IoVector[2];
        for (int budget = ReceivedAtOnceMax; budget > 0 && !_closed && _hold == Hold.None && _kept is null;)
        {
            int roomCount = 0;
            Memory<byte> remainder = _assembler.Remainder;
            using MemoryHandle pin = remainder.Pin();
            if (!remainder.IsEmpty)
            {
                rooms[roomCount++] = new IoVector { Start = pin.Pointer, Length = (nuint)remainder.Length };
            }

            int lookAhead = Math.Min(_assembler.LookAheadMax, ReceiveScratch.Size);
            rooms[roomCount++] = new IoVector { Start = _loop.Scratch.Start, Length = (nuint)lookAhead };
            nint count = Libc.ReadVector(_descriptor, rooms, roomCount);
            if (count <= 0)
            {
                OnNothingReceived(count);
                return;
            }

            budget -= (int)count;
            CountActivity((int)count);
            int direct = (int)Math.Min(count, remainder.Length);
            if (direct > 0 && _assembler.Fill(direct) is { } frame)
            {
                Deliver(frame);
            }

            TakeFrames(new ReadOnlySpan<byte>(_loop.Scratch.Start, (int)count - direct));
            if (count < remainder.Length + lookAhead)
            {
                return;
            }
        }
    }

    private void OnNothingReceived(nint count)
    {
        if (count == 0)
        {
            OnPeerDone();
        }
        else if (Marshal.GetLastPInvokeError() is var error and not (Libc.EAGAIN or Libc.EINTR))
        {
            Fail(Libc.LastErrorText(), error);
        }
    }

    private void CountActivity(int count)
    {
        _bytesSinceActivity += count;
        if (_bytesSinceActivity >= ActivityBytesMin)
        {
            _bytesSinceActivity = 0;
            Interlocked.Exchange(ref _lastActivity, _loop.Now);
        }
    }

    private void TakeFrames(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_closed)
        {
            if (_hold != Hold.None && Keep(bytes))
            {
                return;
            }

            InboundFrame? frame = _assembler.Take(ref bytes, out string? error);
            if (error is not null)
            {
                CutOff(error);
            }
            else if (frame is not null)
            {
                Deliver(frame);
            }
        }
    }

    private void Deliver(InboundFrame frame)
    {
        _bytesSinceActivity = 0;
        Interlocked.Exchange(ref _lastActivity, _loop.Now);
        try
        {
            Handle(frame);
        }
        catch (Exception error) when (error is not InvariantViolationException)
        {
            frame.Dispose();
            OnHandlerFailed(error);
        }
    }

    /// <summary>Keeps bytes received before a hold, at most what the scratch takes; false when the hold has just ended.</summary>
    private bool Keep(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _kept = _hold != Hold.None ? bytes.ToArray() : null;
            return _kept is not null;
        }
    }

    /// <summary>Goes on with the bytes kept during a hold. Posted, because whoever ends a hold may be in the midst of something.</summary>
    private void ContinueReadingSoon()
    {
        lock (_lock)
        {
            if (_kept is null || _hold != Hold.None)
            {
                return;
            }
        }

        _loop.Post(TakeKept);
    }

    private void TakeKept()
    {
        if (_kept is { } kept && _hold == Hold.None && !_closed)
        {
            _kept = null;
            TakeFrames(kept);
        }
    }

    /// <summary>The peer's last bytes before it goes are of no use any more.</summary>
    private unsafe void DiscardUntilGone()
    {
        if (Libc.Read(_descriptor, _loop.Scratch.Start, ReceiveScratch.Size) == 0)
        {
            CloseNow(_endReason ?? "closed");
        }
    }
}
