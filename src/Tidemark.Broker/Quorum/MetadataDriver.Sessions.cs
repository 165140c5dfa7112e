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

    private void OnProcessGone(int id, long epoch) => Enqueue(() =>
    {
        if (_isActive && _replay.ToImage().Brokers.TryGetValue(id, out BrokerImage? broker) && broker.Epoch == epoch && !broker.IsFenced)
        {
            QuorumLog.ProcessGone(_log, id);
            Sessions.Forget(id);
            Fence(id);
        }
    });

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
        int[] others = [.. image.Brokers.Keys.Where(id => !IsAlone || id != _options.NodeId)];
        if (others.Length == 0)
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
