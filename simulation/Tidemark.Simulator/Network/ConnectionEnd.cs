namespace Tidemark.Simulator.Network;

/// <summary>
/// One end of a connection, on a host. A paused process takes nothing, while its operating system goes on receiving; a dead one is never
/// called again.
/// </summary>
internal abstract class ConnectionEnd(SimulatedNetwork network, SimulatedLink link, SimulatedHost host)
{
    private readonly Queue<Segment> _notTaken = new();

    public bool IsDead { get; private set; }

    public SimulatedHost Host => host;

    protected SimulatedNetwork Network => network;

    protected SimulatedLink Link => link;

    protected Direction Out => link.From(this);

    /// <summary>Something has reached the host.</summary>
    public void Arrive(Segment segment)
    {
        if (IsDead)
        {
            if (segment.Kind is SegmentKind.Frame or SegmentKind.Opened)
            {
                Out.Send(Segment.Of(SegmentKind.Reset));
            }
        }
        else if (host.IsPaused)
        {
            _notTaken.Enqueue(segment);
        }
        else
        {
            host.Enter(() => Take(segment));
        }
    }

    /// <summary>The process goes on: it takes what has come meanwhile.</summary>
    public void TakeWaiting()
    {
        while (!IsDead && !host.IsPaused && _notTaken.TryDequeue(out Segment segment))
        {
            host.Enter(() => Take(segment));
        }
    }

    /// <summary>Nothing reaches this end any more.</summary>
    public void Die()
    {
        if (!IsDead)
        {
            IsDead = true;
            _notTaken.Clear();
            host.Forget(this);
            network.ForgetIfOver(link);
        }
    }

    /// <summary>The process has died; its operating system tells the peer.</summary>
    /// <param name="reset">By a reset, which loses what was still to be sent.</param>
    public void CloseByDeath(bool reset)
    {
        if (reset)
        {
            Out.Clear();
        }

        Out.Send(Segment.Of(reset ? SegmentKind.Reset : SegmentKind.Closed));
        Die();
    }

    /// <summary>The machine has lost power: nobody is told.</summary>
    public void Vanish()
    {
        Out.LoseTail(network.Random);
        Die();
    }

    /// <summary>What was sent did not get through for so long that the operating system ends the connection.</summary>
    public abstract void GiveUp();

    protected abstract void Take(Segment segment);

    /// <summary>Calls the process soon, if it is still the one that it was.</summary>
    protected void CallSoon(TimeSpan delay, Action call)
    {
        int incarnation = host.Incarnation;
        Network.Time.Post(delay, () => host.EnterIfAlive(incarnation, call));
    }
}
