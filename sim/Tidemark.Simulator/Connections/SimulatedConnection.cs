using System.Buffers.Binary;
using Tidemark.Broker.Connections;
using Tidemark.Primitives;
using Tidemark.Simulator.Disks;

namespace Tidemark.Simulator.Connections;

/// <summary>
/// A client's connection without a socket. Requests reach the broker and answers the client after delays drawn from the seed, each
/// direction in order; pausing, closing and breaking off behave as over TCP.
/// </summary>
public sealed class SimulatedConnection : IConnectionTransport
{
    private readonly VirtualTime _time;
    private readonly SeededRandom _random;
    private readonly TimeSpan _longestDelay;
    private readonly IConnectionHandler _handler;
    private readonly Queue<byte[]> _undelivered = new();
    private readonly Queue<byte[]> _answers = new();
    private TimeSpan _lastArrivalAtBroker;
    private TimeSpan _lastArrivalAtClient;
    private bool _paused;

    /// <param name="longestDelay">The longest a frame is under way.</param>
    public SimulatedConnection(VirtualTime time, SeededRandom random, IConnectionAcceptor acceptor, ConnectionInfo info, TimeSpan longestDelay)
    {
        _time = time;
        _random = random;
        _longestDelay = longestDelay;
        Info = info;
        _handler = acceptor.Accept(info, this);
    }

    public ConnectionInfo Info { get; }

    /// <summary>True once either side has ended the connection.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Why the broker closed the connection; null when it did not.</summary>
    public string? CloseReason { get; private set; }

    /// <summary>Answers that have arrived and were not yet taken.</summary>
    public int AnswerCount => _answers.Count;

    /// <summary>Sends a request: header and body, without the size prefix.</summary>
    public void SendRequest(ReadOnlySpan<byte> frame)
    {
        byte[] copy = frame.ToArray();
        After(ref _lastArrivalAtBroker, () =>
        {
            _undelivered.Enqueue(copy);
            Deliver();
        });
    }

    /// <summary>Takes the oldest answer, without its size prefix; null when none has arrived.</summary>
    public byte[]? TakeAnswer() => _answers.TryDequeue(out byte[]? answer) ? answer : null;

    /// <summary>Lets time pass until an answer is there; null when the connection ends, the machine crashes or the limit passes before.</summary>
    public byte[]? AwaitAnswer(TimeSpan limit)
    {
        try
        {
            _time.RunUntil(() => _answers.Count > 0 || IsClosed, limit);
        }
        catch (SimulatedCrashException)
        {
            return null;
        }

        return TakeAnswer();
    }

    /// <summary>The client goes away. What it has sent before may still arrive, answers to it go nowhere.</summary>
    public void Disconnect() => After(ref _lastArrivalAtBroker, End);

    void IConnectionTransport.Send(OutboundFrame frame)
    {
        using (frame)
        {
            byte[] bytes = Flatten(frame);
            Invariant.Require(BinaryPrimitives.ReadInt32BigEndian(bytes) == bytes.Length - sizeof(int));
            if (!IsClosed)
            {
                After(ref _lastArrivalAtClient, () => _answers.Enqueue(bytes[sizeof(int)..]));
            }
        }
    }

    void IConnectionTransport.PauseReading() => _paused = true;

    void IConnectionTransport.ResumeReading()
    {
        if (_paused)
        {
            _paused = false;

            // Not from inside the broker's call, which may hold locks that the next frame needs.
            _time.Post(TimeSpan.Zero, Deliver);
        }
    }

    void IConnectionTransport.Close(string reason)
    {
        CloseReason ??= reason;
        After(ref _lastArrivalAtClient, End);
    }

    private static byte[] Flatten(OutboundFrame frame)
    {
        byte[] bytes = new byte[frame.Length];
        int done = 0;
        foreach (OutboundPart part in frame.Parts)
        {
            Span<byte> into = bytes.AsSpan(done, part.Length);
            if (part.File is null)
            {
                part.Memory.Span.CopyTo(into);
            }
            else
            {
                Invariant.Require(part.File.Read(part.Position, into) == part.Length);
            }

            done += part.Length;
        }

        return bytes;
    }

    private void Deliver()
    {
        while (!_paused && !IsClosed && CloseReason is null && _undelivered.TryDequeue(out byte[]? bytes))
        {
            _handler.OnFrame(new InboundFrame(new FrameMemory(bytes), bytes.Length));
        }
    }

    private void End()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _undelivered.Clear();
            _handler.OnClosed();
        }
    }

    /// <summary>Runs the work after a drawn delay, but not before what was sent earlier in the same direction.</summary>
    private void After(ref TimeSpan lastArrival, Action work)
    {
        TimeSpan arrival = _time.Elapsed + TimeSpan.FromTicks(_random.Next(_longestDelay.Ticks + 1));
        lastArrival = arrival > lastArrival ? arrival : lastArrival;
        _time.Post(lastArrival - _time.Elapsed, work);
    }
}
