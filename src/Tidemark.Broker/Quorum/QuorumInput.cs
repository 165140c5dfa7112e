using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>Something that waits for a turn of the driver's.</summary>
internal abstract class QuorumInput
{
    /// <summary>It will not have its turn.</summary>
    public abstract void Refuse(ErrorCode error);

    /// <summary>The metadata log failed where no other node can lead.</summary>
    public abstract void Fail(Exception reason);
}

/// <summary>What other members and the clock bring: done in the turn, under its lock.</summary>
internal sealed class QuorumWork(Action work, Action? refused) : QuorumInput
{
    public void Run() => work();

    public override void Refuse(ErrorCode error) => refused?.Invoke();

    public override void Fail(Exception reason) => refused?.Invoke();
}
