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

    /// <summary>
    /// Frames taken before other connections get their turn: thousands of small requests fit into few bytes, and what they ask for costs as much as
    /// if each had come alone.
    /// </summary>
    private const int FramesAtOnceMax = 64;

    /// <summary>How much of an unfinished request counts as a sign of life. Whoever sends less in the idle time is cut off.</summary>
    private const int ActivityBytesMin = 16 * 1024;

    private readonly FrameAssembler _assembler;
    private ReadOnlyMemory<byte> _kept;
    private bool _continues;
    private int _framesInTurn;
    private int _bytesSinceActivity;

    private unsafe void Receive()
    {
        // What was received before comes first; where it is kept, its turn is due already.
        _framesInTurn = 0;
        IoVector* rooms = stackalloc IoVector[2];
        for (int budget = ReceivedAtOnceMax; budget > 0 && !_closed && _hold == Hold.None && _kept.IsEmpty && _framesInTurn < FramesAtOnceMax;)
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

            var received = new ReadOnlySpan<byte>(_loop.Scratch.Start, (int)count - direct);
            int left = TakeFrames(received);
            if (left > 0)
            {
                Keep(received[^left..].ToArray());
            }

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

    /// <summary>Takes frames until a hold or the end of the turn; answers how many bytes it has left.</summary>
    private int TakeFrames(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_closed)
        {
            if (_hold != Hold.None || _framesInTurn >= FramesAtOnceMax)
            {
                return bytes.Length;
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

        return 0;
    }

    private void Deliver(InboundFrame frame)
    {
        _framesInTurn++;
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

    /// <summary>Keeps bytes, at most what the scratch takes, until a hold ends or for the next turn.</summary>
    private void Keep(ReadOnlyMemory<byte> bytes)
    {
        lock (_lock)
        {
            _kept = bytes;
        }

        ContinueReadingSoon();
    }

    /// <summary>
    /// Goes on with the bytes that were kept, unless a hold forbids it: then its end does. Posted, because whoever ends a hold may be in the midst
    /// of something, and because others come first; never twice, or it would be more than its turn.
    /// </summary>
    private void ContinueReadingSoon()
    {
        lock (_lock)
        {
            if (_kept.IsEmpty || _hold != Hold.None || _continues)
            {
                return;
            }

            _continues = true;
        }

        _loop.Post(TakeKept);
    }

    private void TakeKept()
    {
        ReadOnlyMemory<byte> kept;
        lock (_lock)
        {
            _continues = false;
            if (_hold != Hold.None || _closed)
            {
                return;
            }

            (kept, _kept) = (_kept, default);
        }

        _framesInTurn = 0;
        int left = TakeFrames(kept.Span);
        if (left > 0)
        {
            Keep(kept[^left..]);
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
