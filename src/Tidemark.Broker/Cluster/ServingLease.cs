namespace Tidemark.Broker.Cluster;

/// <summary>Whether this broker may serve what it leads.</summary>
public interface IServingLease
{
    bool IsHeld { get; }
}

/// <summary>
/// The time for which nobody else can have been made leader of what this broker leads. The controller gives a broker's session a fixed
/// length from each heartbeat that it receives, and fences it only when that is over; so from the moment in which a heartbeat was
/// sent that was later acknowledged, this broker is safe for the session's length, less a margin for clocks that run unlike. After that it
/// serves nobody until a heartbeat succeeds, also when the process stood still meanwhile and did not notice: the monotonic clock did.
/// </summary>
public sealed class ServingLease : IServingLease
{
    /// <summary>Clocks of two machines drift apart by far less; this covers the controller's reading of its own clock too.</summary>
    private const double Margin = 0.1;

    private readonly TimeProvider _time;
    private readonly long _length;
    private long _until;

    /// <param name="session"><c>broker.session.timeout.ms</c></param>
    public ServingLease(TimeProvider time, TimeSpan session)
    {
        _time = time;
        _length = (long)(session.TotalSeconds * (1 - Margin) * time.TimestampFrequency);
    }

    public bool IsHeld => _time.GetTimestamp() < Volatile.Read(ref _until);

    /// <summary>A controller acknowledged a heartbeat of this life that was sent at the timestamp.</summary>
    public void Extend(long sentAt) => Volatile.Write(ref _until, Math.Max(Volatile.Read(ref _until), sentAt + _length));

    /// <summary>The controller said that this broker is fenced: others may lead already.</summary>
    public void Drop() => Volatile.Write(ref _until, 0);
}

/// <summary>For the broker whose controller is in its own process and can be no other: nobody else decides who leads.</summary>
public sealed class LeaseOfAlone : IServingLease
{
    public bool IsHeld => true;
}
