using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// The first thing that a new controller does about brokers: what the metadata knows of the broker in its own process is a life that is over, whatever its
/// session says. It goes before anybody else is fenced: otherwise it might be the last in sync of a partition whose other replica has only been killed, and be
/// elected, with a log that may have lost its end.
/// </summary>
public static class EndOwnLastLife
{
    /// <param name="life">The incarnation under which this process's broker registers; zero while it has not begun to.</param>
    /// <returns>
    /// The records that fence it, and true; nothing where it is fenced already, where the registered life is this one, and where no other broker is active, who
    /// could be asked for what this one led: it stays what it was until it registers again.
    /// </returns>
    public static Decision<bool> Decide(ControllerContext context, Uuid life)
    {
        bool isOver = context.Image.Brokers.TryGetValue(context.NodeId, out BrokerImage? own) && !own.IsFenced && own.IncarnationId != life;
        return isOver && context.Image.Brokers.Values.Any(other => other.Id != context.NodeId && !other.IsFenced)
            ? BrokerHeartbeat.Expire(context, context.NodeId)
            : new Decision<bool>([], false);
    }
}
