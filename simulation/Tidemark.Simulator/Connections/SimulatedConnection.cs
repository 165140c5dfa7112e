using Tidemark.Broker.Connections;
using Tidemark.Simulator.Disks;

namespace Tidemark.Simulator.Connections;

/// <summary>
/// A client's connection without a socket. Requests reach the broker and answers the client after delays drawn from the seed, each
/// direction in order; pausing, closing and breaking off behave as over TCP.
/// </summary>
public sealed class SimulatedConnection
{
    private readonly VirtualTime _time;
    private readonly SeededRandom _random;
    private readonly TimeSpan _longestDelay;
    private readonly ServedSide _served;
    private readonly Queue<byte[]> _answers = new();
    private TimeSpan _lastArrivalAtBroker;
    private TimeSpan _lastArrivalAtClient;

    /// <param name="longestDelay">The longest a frame is under way.</param>
    /// <param name="isMachineDead">True from a crash until the restart: a dead machine sends nothing, whatever code of its broker still runs here.</param>
    public SimulatedConnection(
        VirtualTime time, SeededRandom random, IConnectionAcceptor acceptor, ConnectionInfo info, TimeSpan longestDelay, Func<bool>? isMachineDead = null)
    {
        _time = time;
        _random = random;
        _longestDelay = longestDelay;
        Info = info;
        _served = new ServedSide(
            work => time.Post(TimeSpan.Zero, work),
            bytes =>
            {
                if (isMachineDead?.Invoke() != true)
                {
                    After(ref _lastArrivalAtClient, () => _answers.Enqueue(bytes));
                }
            },
            () => After(ref _lastArrivalAtClient, _served!.End));
        _served.Open(acceptor, info);
    }

    public ConnectionInfo Info { get; }

    /// <summary>True once either side has ended the connection.</summary>
    public bool IsClosed => _served.HasEnded;

    /// <summary>Why the broker closed the connection; null when it did not.</summary>
    public string? CloseReason => _served.CloseReason;

    /// <summary>Answers that have arrived and were not yet taken.</summary>
    public int AnswerCount => _answers.Count;

    /// <summary>Sends a request: header and body, without the size prefix.</summary>
    public void SendRequest(ReadOnlySpan<byte> frame)
    {
        byte[] copy = frame.ToArray();
        After(ref _lastArrivalAtBroker, () => _served.Arrive(copy));
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
    public void Disconnect() => After(ref _lastArrivalAtBroker, _served.End);

    /// <summary>Runs the work after a drawn delay, but not before what was sent earlier in the same direction.</summary>
    private void After(ref TimeSpan lastArrival, Action work)
    {
        TimeSpan arrival = _time.Elapsed + TimeSpan.FromTicks(_random.Next(_longestDelay.Ticks + 1));
        lastArrival = arrival > lastArrival ? arrival : lastArrival;
        _time.Post(lastArrival - _time.Elapsed, work);
    }
}
