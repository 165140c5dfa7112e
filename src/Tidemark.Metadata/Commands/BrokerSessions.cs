using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// When the active controller last heard of each broker, and how far that broker has read the metadata log. It is not in the log: a new
/// controller begins with what it can know of the last one's. A session starts at registration, so that a broker which dies before its first
/// heartbeat is fenced too.
/// </summary>
public sealed class BrokerSessions
{
    private readonly Dictionary<int, Session> _sessions = [];
    private readonly Dictionary<int, Offset> _fencedAt = [];
    private readonly Dictionary<int, Offset> _leftAt = [];
    private readonly Dictionary<int, Offset> _takenAt = [];

    /// <summary>A broker registered or sent a heartbeat.</summary>
    public void Touch(int broker, long epoch, long uptimeMs, Offset metadataOffset) => _sessions[broker] = new Session(epoch, uptimeMs, metadataOffset);

    /// <summary>A record up to this place fenced the broker. It may not serve again before it has read that.</summary>
    public void Fenced(int broker, Offset at) => _fencedAt[broker] = at;

    /// <summary>Where the broker was fenced at the latest; unknown (-1) where it never was.</summary>
    public Offset FencedAt(int broker) => _fencedAt.GetValueOrDefault(broker, Offset.Unknown);

    /// <summary>A record up to this place took a leadership from the broker, or may have. It may not be told that it may serve before it has read that.</summary>
    public void Taken(int broker, Offset at) => _takenAt[broker] = at;

    /// <summary>Where a leadership was taken from the broker last; unknown (-1) where none ever was.</summary>
    public Offset TakenAt(int broker) => _takenAt.GetValueOrDefault(broker, Offset.Unknown);

    /// <summary>The broker wants to shut down, and a record up to this place took leaderships from it, or may have.</summary>
    public void Left(int broker, Offset at) => _leftAt[broker] = at;

    /// <summary>What every broker, this one too, must have read before the broker may stop; null where another controller took its leaderships.</summary>
    public Offset? LeftAt(int broker) => _leftAt.TryGetValue(broker, out Offset at) ? at : null;

    /// <summary>The connection that was kept to the process of this life ended. A heartbeat that comes after this says that it ended for another reason.</summary>
    public void ConnectionEnded(int broker, long epoch)
    {
        if (IsKnown(broker, epoch))
        {
            _sessions[broker] = _sessions[broker] with { ConnectionEnded = true };
        }
    }

    /// <summary>True when the connection to this life of the broker ended, and nothing was heard of that life since.</summary>
    public bool HasEnded(int broker, long epoch) => IsKnown(broker, epoch) && _sessions[broker].ConnectionEnded;

    public void Forget(int broker) => _sessions.Remove(broker);

    /// <summary>True when the broker was heard of within the session's time.</summary>
    public bool IsValid(int broker, long epoch, long uptimeMs, long sessionMs) =>
        _sessions.TryGetValue(broker, out Session? session) && session.Epoch == epoch && uptimeMs - session.LastContactMs <= (Plants.IsOn(Plant.FenceAtHalfSession) ? sessionMs / 2 : sessionMs);

    /// <summary>Until when the broker need not be heard of, on the clock of the contacts; null when it never was.</summary>
    public long? EndOf(int broker, long sessionMs) => _sessions.TryGetValue(broker, out Session? session) ? session.LastContactMs + (Plants.IsOn(Plant.FenceAtHalfSession) ? sessionMs / 2 : sessionMs) : null;

    /// <summary>True when the controller ever heard of this life of the broker.</summary>
    public bool IsKnown(int broker, long epoch) => _sessions.TryGetValue(broker, out Session? session) && session.Epoch == epoch;

    /// <summary>The least metadata offset among the given brokers; those that were never heard of count as having read nothing.</summary>
    public Offset LeastMetadataOffset(IEnumerable<int> brokers)
    {
        var least = new Offset(long.MaxValue);
        foreach (int broker in brokers)
        {
            least = Offset.Min(least, _sessions.TryGetValue(broker, out Session? session) ? session.MetadataOffset : Offset.Unknown);
        }

        return least;
    }

    private sealed record Session(long Epoch, long LastContactMs, Offset MetadataOffset, bool ConnectionEnded = false);
}
