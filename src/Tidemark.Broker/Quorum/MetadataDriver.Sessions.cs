using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>The active controller looks after the brokers: one that is not heard of for a session's time is fenced.</summary>
public sealed partial class MetadataDriver
{
    /// <summary>When the sessions are looked at next; null while there is nobody to look after.</summary>
    private TimeSpan? _activeDeadline;

    private readonly BrokerWatch? _watch;

    /// <summary>This life of the broker in this process; zero before it registers, and where there is none.</summary>
    private Uuid _life;

    /// <summary>False until a new controller has begun to watch those that served before it.</summary>
    private bool _isWatching;

    private long UptimeMs => (long)Now.TotalMilliseconds;

    private TimeSpan WatchEvery => TimeSpan.FromTicks(Math.Min(_options.Session.Ticks / 8, TimeSpan.TicksPerSecond / 2));

    /// <summary>
    /// Keeps an eye on the processes of the brokers that serve (<c>tidemark.broker.crash.detection.enable</c>): one that is gone need not be waited
    /// for. Fencing a broker that lives all the same costs it a heartbeat, and no data.
    /// </summary>
    private void WatchProcesses(MetadataImage image)
    {
        _watch?.Update(
            _isActive
                ? [.. image.Brokers.Values
                    .Where(broker => !broker.IsFenced && broker.Id != _options.NodeId && !broker.Endpoints.IsEmpty)
                    .Select(broker => (broker.Id, broker.Epoch, new Links.NodeAddress(broker.Endpoints[0].Host, broker.Endpoints[0].Port)))]
                : [],
            areNew: _isWatching);
        _isWatching = _isActive;
    }

    /// <summary>The log grew here last: no record in it left its leader after this.</summary>
    private TimeSpan _grewAt;

    /// <summary>Who led last, this node or the one that it heard of.</summary>
    private (BrokerId Node, LeaderEpoch Epoch)? _lastLeader;

    /// <summary>No controller before this one acknowledged a heartbeat that was sent later; null when that is not known.</summary>
    private TimeSpan? _lastHeartbeatBefore;

    /// <summary>This node was elected and has appended nothing yet: the log ends with what the last leader wrote.</summary>
    private void NoteLastLeader()
    {
        _lastHeartbeatBefore = _lastLeader is { } last && _replay.HasProvenHeartbeats(last.Node, last.Epoch) ? _grewAt : null;
        _lastLeader = (new BrokerId(_options.NodeId), Member.Epoch);
    }

    /// <summary>
    /// From when on a new controller counts the brokers' sessions. Nobody knows when the last one heard of each, so everyone gets a whole session; but a
    /// controller of ours acknowledges a heartbeat only with a committed record, every committed record is in the log of who was elected, and
    /// none was appended after it came here. So no broker's lease was extended by a heartbeat that was sent after this log grew last, and what a
    /// frozen controller led waits for one session, not for an election and another one. Half of it is left always, for the brokers to find out who leads.
    /// </summary>
    private TimeSpan SessionsBegin()
    {
        TimeSpan latest = _lastHeartbeatBefore ?? Now;
        TimeSpan earliest = Now - (_options.Session / 2);
        return latest > earliest ? latest : earliest;
    }

    private void OnProcessGone(int id, long epoch) => Enqueue(() =>
    {
        if (_isActive && _replay.ToImage().Brokers.TryGetValue(id, out BrokerImage? broker) && broker.Epoch == epoch && !broker.IsFenced)
        {
            QuorumLog.ProcessGone(_log, id);
            Sessions.Forget(id);
            Fence(id);
        }
    });

    /// <summary>The broker of this process begins to register itself, as this life of it.</summary>
    public void BeginLife(Uuid incarnation) => Enqueue(() => _life = incarnation);

    private void LeaveLastLife()
    {
        Decision<bool> decision = EndOwnLastLife.Decide(Context(_replay.ToImage()), _life);
        if (decision.Response)
        {
            Append(decision.Records);
            Sessions.Forget(_options.NodeId);
            Sessions.Fenced(_options.NodeId, _replayedTo - 1);
        }
    }

    private void OnConnectionEnded(int id, long epoch) => Enqueue(() => Sessions.ConnectionEnded(id, epoch));

    private void Fence(int id)
    {
        Append(BrokerHeartbeat.Expire(Context(_replay.ToImage()), id).Records);
        Sessions.Fenced(id, _replayedTo - 1);
    }

    private void WatchBrokers()
    {
        if (!_isActive || _activeDeadline is not { } due || Now < due)
        {
            return;
        }

        MetadataImage image = _replay.ToImage();
        var others = new List<int>(image.Brokers.Count);
        foreach ((int id, _) in image.Brokers)
        {
            if (!IsAlone || id != _options.NodeId)
            {
                others.Add(id);
            }
        }

        if (others.Count == 0)
        {
            // An idle node has no timers; the first broker that registers starts this one again.
            _activeDeadline = null;
            return;
        }

        if (Now - due > _options.Session / 4)
        {
            // This process stood still. Whose heartbeats wait in a socket is not to blame for that.
            foreach (int id in others)
            {
                Sessions.Touch(id, image.Brokers[id].Epoch, UptimeMs, Offset.Unknown);
            }
        }

        _activeDeadline = Now + WatchEvery;
        foreach (int id in others)
        {
            BrokerImage broker = _replay.ToImage().Brokers[id];
            if (broker.IsFenced)
            {
                continue;
            }

            if (!Sessions.IsValid(id, broker.Epoch, UptimeMs, (long)_options.Session.TotalMilliseconds))
            {
                QuorumLog.SessionOver(_log, id, _options.Session);
                Fence(id);
            }
            else if (Sessions.EndOf(id, (long)_options.Session.TotalMilliseconds) is { } end && TimeSpan.FromMilliseconds(end + 1) < _activeDeadline)
            {
                // What it leads stands still, so nobody waits longer than the session.
                _activeDeadline = TimeSpan.FromMilliseconds(end + 1);
            }
        }

        LookAfterLeaders();
    }
}
