using System.Buffers;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Connections;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;

namespace Tidemark.Network;

/// <summary>What all loops and connections of a network share.</summary>
internal sealed class NetworkContext(
    NetworkOptions options, IConnectionAcceptor broker, MemoryPool<byte> buffers, TimeProvider time, ILogger logger)
{
    private long _lastConnectionId;

    public NetworkOptions Options => options;

    public IConnectionAcceptor Broker => broker;

    public MemoryPool<byte> Buffers => buffers;

    /// <summary>What requests may take together; null without a limit.</summary>
    public RequestBudget? RequestBudget { get; } = options.QueuedRequestBytesMax > 0 ? new(options.QueuedRequestBytesMax) : null;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    public ConnectionQuota Quota { get; } = new(options.Limits, time, options.ConnectionsChanged);

    /// <summary>Ten lines at once, then ten a minute: enough to see who misbehaves, too little to fill a disk.</summary>
    public LogRate LogRate { get; } = new(time, 10, TimeSpan.FromMinutes(1));

    public long NextConnectionId() => Interlocked.Increment(ref _lastConnectionId);
}
