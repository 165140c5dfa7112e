using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>What the controller is told of a broker over its life.</summary>
/// <param name="HeartbeatEvery"><c>broker.heartbeat.interval.ms</c></param>
/// <param name="RegisterWithin"><c>initial.broker.registration.timeout.ms</c></param>
/// <param name="Sessions">The controller's, where it is in this process.</param>
public sealed record LifecycleOptions(BrokerId Node, TimeSpan HeartbeatEvery, TimeSpan RegisterWithin, Func<BrokerSessions> Sessions);

/// <summary>
/// A broker's life at the controller (KIP-631): registers, sends heartbeats, is unfenced once it has read the metadata up to its own
/// registration, asks to be let go before it stops. Each acknowledged heartbeat extends the <see cref="ServingLease"/>.
/// </summary>
public sealed class BrokerLifecycle(
    LifecycleOptions options,
    ControllerChannel channel,
    ServingLease lease,
    Func<Offset> metadataOffset,
    TimeProvider time,
    DelayQueue delays,
    ILogger log)
{
    /// <summary>While the broker waits to be unfenced, or to be let go, it asks again this soon.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(20);

    /// <summary>After a refusal it asks again this soon, and after each further one twice as late, up to the usual interval.</summary>
    private static readonly TimeSpan s_afterRefusal = s_soon * 5;

    private readonly Lock _lock = new();
    private readonly List<Uuid> _offline = [];
    private IReadOnlyList<Uuid>? _cordoned;
    private readonly TaskCompletionSource _unfenced = new();
    private readonly TaskCompletionSource _letGo = new();
    private long _epoch = -1;
    private Action? _ready;
    private volatile bool _isReady;
    private bool _wantsShutDown;
    private bool _isStopped;
    private bool _isAsking;
    private bool _hasNews;
    private TaskCompletionSource? _told;
    private Delayed? _next;
    private TimeSpan _afterRefusal = s_afterRefusal;

    /// <summary>Registers; completes, with the epoch, when the broker is unfenced.</summary>
    /// <param name="ready">Told when the metadata here holds the registration, before the controller is told that this broker may serve.</param>
    /// <exception cref="InvalidDataException">The cluster does not take this broker.</exception>
    /// <exception cref="TimeoutException">No controller registered it in time.</exception>
    public async Task<long> Register(BrokerRegistrationRequest request, Action ready)
    {
        _ready = ready;
        long start = time.GetTimestamp();
        while (true)
        {
            BrokerRegistrationResponse response = await channel.Ask(
                "lifecycle",
                request,
                options.RegisterWithin - time.GetElapsedTime(start),
                context =>
                {
                    // The controller is in this process, which has this node's directories: an earlier life of the broker is over, whatever its session says.
                    options.Sessions().Forget(options.Node.Value);
                    return RegisterBroker.Decide(context, request, options.Sessions(), isLocal: false);
                },
                error => new BrokerRegistrationResponse { ErrorCode = error },
                response => response.ErrorCode);
            if (response.ErrorCode == ErrorCode.None)
            {
                _epoch = response.BrokerEpoch;
                LifecycleLog.Registered(log, options.Node, _epoch);
                BecomeReady();
                Beat();
                await _unfenced.Task;
                return _epoch;
            }

            // The last life's session may still run, when the controller did not see that life's end; and a controller that failed over it, by its
            // disk for instance, says nothing about this broker: another one will lead.
            bool mayPass = response.ErrorCode is ErrorCode.DuplicateBrokerRegistration or ErrorCode.RequestTimedOut or ErrorCode.BrokerIdNotRegistered
                or ErrorCode.UnknownServerError;
            if (!mayPass)
            {
                throw new InvalidDataException($"The cluster does not take broker {options.Node}: {response.ErrorCode}");
            }

            if (time.GetElapsedTime(start) > options.RegisterWithin)
            {
                throw new TimeoutException($"Broker {options.Node} could not be registered within {options.RegisterWithin.TotalSeconds:0} s: {response.ErrorCode}");
            }

            LifecycleLog.Refused(log, options.Node, response.ErrorCode);
            await delays.After(s_soon * 5);
        }
    }

    /// <summary>
    /// New metadata is in force here. While this broker is fenced that may be what it waits for; while a broker is being shut down, this one or
    /// another, the controller waits to hear of it from everybody, and need not wait for the next heartbeat that is due.
    /// </summary>
    public void OnMetadata(MetadataImage image)
    {
        bool isAwaited = !_unfenced.Task.IsCompleted
            || image.Brokers.Values.Any(broker => broker is { IsInControlledShutdown: true, IsFenced: false });
        if (isAwaited && _epoch >= 0)
        {
            BecomeReady();
            Beat();
        }
    }

    /// <summary>The controller, which can be no other than the one of this process, registered and unfenced the broker in one step.</summary>
    public void Adopt(long epoch, long sentAt)
    {
        (_epoch, _isReady) = (epoch, true);
        lease.Extend(sentAt);
        _unfenced.TrySetResult();
        Beat();
    }

    /// <summary>Tells the controller of failed directories with the next heartbeat, which goes at once. Completes when it knows.</summary>
    public Task ReportOffline(IEnumerable<Uuid> directories)
    {
        lock (_lock)
        {
            _offline.AddRange(directories.Except(_offline));
        }

        return Tell();
    }

    /// <summary>Tells the controller which directories take no new partitions. Completes when it knows.</summary>
    public Task ReportCordoned(IReadOnlyList<Uuid> directories)
    {
        lock (_lock)
        {
            _cordoned = directories;
        }

        return Tell();
    }

    /// <summary>
    /// Once the metadata here holds the registration, clients are let in, and then the broker wants to be unfenced: whoever is told to come here, and the
    /// controller that looks whether there is a process, must not find the door closed.
    /// </summary>
    private void BecomeReady()
    {
        Action? ready = null;
        lock (_lock)
        {
            if (_ready is not null && metadataOffset().Value >= _epoch)
            {
                (ready, _ready) = (_ready, null);
            }
        }

        ready?.Invoke();
        _isReady |= ready is not null;
    }

    /// <summary>Asks for the leaderships to be moved away; completes when the broker may stop.</summary>
    public Task BeginShutdown()
    {
        if (_epoch < 0)
        {
            return Task.CompletedTask;
        }

        lock (_lock)
        {
            _wantsShutDown = true;
        }

        Beat();
        return _letGo.Task;
    }

    /// <summary>Sends nothing more.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            _next?.TryFinish();
        }
    }

    private Task Tell()
    {
        Task told;
        lock (_lock)
        {
            told = (_told ??= new TaskCompletionSource()).Task;
        }

        Beat();
        return told;
    }

    private void Beat()
    {
        lock (_lock)
        {
            if (_isStopped || _isAsking)
            {
                // What is to be told may have missed the request under way.
                _hasNews = true;
                return;
            }

            _isAsking = true;
            _next?.TryFinish();
        }

        _ = Send();
    }

    private async Task Send()
    {
        BrokerHeartbeatRequest request = Request(out TaskCompletionSource? told);
        long sentAt = time.GetTimestamp();
        TimeSpan pause = options.HeartbeatEvery;
        try
        {
            BrokerHeartbeatResponse response = await channel.Ask(
                "heartbeat",
                request,
                options.HeartbeatEvery,
                context => BrokerHeartbeat.Decide(context, request, options.Sessions(), isLocal: true),
                error => new BrokerHeartbeatResponse { ErrorCode = error },
                response => response.ErrorCode);
            pause = Take(response, sentAt);
            told?.TrySetResult();
        }
        catch (TimeoutException)
        {
            // The channel has logged it. The lease runs on; another controller may answer at once.
            pause = s_soon;
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            // Whatever it was, a broker that sends no more heartbeats would be fenced for ever.
            LifecycleLog.HeartbeatFailed(log, options.Node, e);
            pause = options.HeartbeatEvery;
        }

        lock (_lock)
        {
            _isAsking = false;
            if (!_isStopped)
            {
                _next = delays.Run(Beat, _hasNews ? TimeSpan.Zero : pause);
            }
        }
    }

    private TimeSpan Take(BrokerHeartbeatResponse response, long sentAt)
    {
        if (response.ErrorCode != ErrorCode.None)
        {
            return TakeRefusal(response.ErrorCode);
        }

        if (response.ShouldShutDown)
        {
            _letGo.TrySetResult();
        }

        if (response.IsFenced)
        {
            lease.Drop();
            return s_soon;
        }

        if (!_wantsShutDown && response.IsCaughtUp)
        {
            // An answer to who leaves is no proof that the controller still was one (see BrokerHeartbeat), and who leaves needs no longer lease.
            lease.Extend(sentAt);
        }

        if (_unfenced.TrySetResult())
        {
            LifecycleLog.Unfenced(log, options.Node);
        }

        if (!_wantsShutDown && !response.IsCaughtUp)
        {
            // Something that this broker leads, for all that it knows, was given to another.
            return PauseAfterRefusal();
        }

        _afterRefusal = s_afterRefusal;
        return _wantsShutDown ? s_soon : options.HeartbeatEvery;
    }

    /// <summary>
    /// A broker whose registration was removed or replaced leads nothing any more, and is refused until somebody starts it again; so it asks ever more
    /// seldom.
    /// </summary>
    private TimeSpan TakeRefusal(ErrorCode error)
    {
        LifecycleLog.HeartbeatRefused(log, options.Node, error);
        if (error == ErrorCode.StaleBrokerEpoch)
        {
            lease.Drop();
        }

        return PauseAfterRefusal();
    }

    private TimeSpan PauseAfterRefusal()
    {
        TimeSpan pause = _afterRefusal < options.HeartbeatEvery ? _afterRefusal : options.HeartbeatEvery;
        _afterRefusal = pause * 2;
        return pause;
    }

    private BrokerHeartbeatRequest Request(out TaskCompletionSource? told)
    {
        lock (_lock)
        {
            (told, _told, _hasNews) = (_told, null, false);
            return new BrokerHeartbeatRequest
            {
                BrokerId = options.Node.Value,
                BrokerEpoch = _epoch,
                CurrentMetadataOffset = metadataOffset().Value,
                WantFence = !_isReady,
                WantShutDown = _wantsShutDown,
                OfflineLogDirs = [.. _offline],
                CordonedLogDirs = _cordoned is null ? null : [.. _cordoned],
            };
        }
    }
}

/// <summary>What is logged of a broker's life. Event ids 1510–1519. Numbers of lines that every start writes are objects; why stands at <see cref="Quorum.QuorumLog"/>.</summary>
internal static partial class LifecycleLog
{
    [LoggerMessage(1510, LogLevel.Information, "Broker {Broker} is registered with epoch {Epoch}")]
    public static partial void Registered(ILogger log, object broker, object epoch);

    [LoggerMessage(1511, LogLevel.Information, "Broker {Broker} is not registered yet: {Error}")]
    public static partial void Refused(ILogger log, object broker, object error);

    [LoggerMessage(1512, LogLevel.Information, "Broker {Broker} is unfenced")]
    public static partial void Unfenced(ILogger log, object broker);

    [LoggerMessage(1513, LogLevel.Warning, "The controller refused a heartbeat of broker {Broker}: {Error}")]
    public static partial void HeartbeatRefused(ILogger log, BrokerId broker, ErrorCode error);

    [LoggerMessage(1514, LogLevel.Error, "A heartbeat of broker {Broker} failed")]
    public static partial void HeartbeatFailed(ILogger log, BrokerId broker, Exception e);
}
