namespace Tidemark.Simulator.Network;

/// <summary>
/// One direction of a connection: what is sent arrives in order, each piece after its own delay. While the way is blocked or the other
/// host is without power nothing arrives; the sender's operating system tries again until it does, or gives the connection up.
/// </summary>
internal sealed class Direction(SimulatedNetwork network, SimulatedLink link, SimulatedHost from, SimulatedHost to)
{
    private readonly Queue<(Segment Segment, TimeSpan Due)> _underWay = new();
    private TimeSpan _lastDue;
    private bool _armed;
    private bool _stalled;
    private int _stallCount;
    private bool _senderGone;

    public SimulatedHost From => from;

    public SimulatedHost To => to;

    public bool IsEmpty => _underWay.Count == 0;

    public void Send(Segment segment, TimeSpan late = default)
    {
        TimeSpan due = network.Now + network.DrawDelay(from, to) + late;
        _lastDue = (due > _lastDue ? due : _lastDue) + network.TransferTime(from, to, segment.Bytes.Length);
        _underWay.Enqueue((segment, _lastDue));
        if (!_armed && !_stalled)
        {
            Arm(_lastDue);
        }
    }

    /// <summary>Loses what is under way.</summary>
    public void Clear() => _underWay.Clear();

    /// <summary>The sender has lost power: what has left it arrives, the rest was never sent.</summary>
    public void LoseTail(SeededRandom random)
    {
        _senderGone = true;
        int kept = random.Next(_underWay.Count + 1);
        (Segment, TimeSpan)[] head = [.. _underWay.Take(kept)];
        _underWay.Clear();
        foreach ((Segment, TimeSpan) item in head)
        {
            _underWay.Enqueue(item);
        }
    }

    /// <summary>Tries again, if it was stalled and the way is free.</summary>
    public void Retry()
    {
        if (_stalled && !network.IsBlocked(from, to))
        {
            _stalled = false;
            if (!_armed)
            {
                Arm(network.Now + network.DrawRetransmission());
            }
        }
    }

    private void Arm(TimeSpan due)
    {
        _armed = true;
        network.Time.Post(due - network.Now, Fire);
    }

    private void Fire()
    {
        _armed = false;
        if (_stalled || !_underWay.TryPeek(out (Segment Segment, TimeSpan Due) next))
        {
            return;
        }

        if (next.Due > network.Now)
        {
            // What it was armed for was lost.
            Arm(next.Due);
            return;
        }

        if (network.IsBlocked(from, to, next.Segment.Bytes.Length))
        {
            if (_senderGone)
            {
                // Nobody is left who would send it again.
                _underWay.Clear();
            }
            else
            {
                Stall();
            }

            return;
        }

        _underWay.Dequeue();
        if (_underWay.TryPeek(out (Segment Segment, TimeSpan Due) following))
        {
            Arm(following.Due > network.Now ? following.Due : network.Now);
        }

        link.Arrive(this, next.Segment);
    }

    private void Stall()
    {
        _stalled = true;
        int stall = ++_stallCount;
        network.Tell(NetworkEventKind.Stalled, link, this);
        network.Time.Post(network.Timings.BreakAfter, () =>
        {
            if (_stalled && stall == _stallCount)
            {
                _underWay.Clear();
                network.Tell(NetworkEventKind.GivenUp, link, this);
                link.GiveUp(this);
            }
        });
    }
}
