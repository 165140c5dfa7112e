using Tidemark.Network.Listeners;

namespace Tidemark.Network;

/// <summary>What the network may take, by Kafka's defaults where Kafka has the setting.</summary>
public sealed record NetworkOptions
{
    public required IReadOnlyList<ListenerOptions> Listeners { get; init; }

    /// <summary>The largest request (<c>socket.request.max.bytes</c>). A peer that announces more is cut off before memory is taken.</summary>
    public int RequestBytesMax { get; init; } = 100 * 1024 * 1024;

    /// <summary>
    /// What requests of 16 KiB and more may take over all connections (<c>queued.max.request.bytes</c>), from their announcement until they are
    /// carried out. Beyond it the next waits unread. Zero or less: no limit.
    /// </summary>
    public long QueuedRequestBytesMax { get; init; } = -1;

    /// <summary>
    /// How long a connection may go without sending a request, 16 KiB of one, or taking bytes of an answer
    /// (<c>connections.max.idle.ms</c>). Zero or less: for ever.
    /// </summary>
    public TimeSpan IdleMax { get; init; } = TimeSpan.FromMinutes(10);

    public ConnectionLimits Limits { get; init; } = ConnectionLimits.Unlimited;

    /// <summary>Told how many connections are open whenever one came or went, on any thread, before the next is taken.</summary>
    public Action<int>? ConnectionsChanged { get; init; }

    /// <summary>The socket's own send buffer (<c>socket.send.buffer.bytes</c>); -1 leaves the size to the operating system, which adapts it.</summary>
    public int SendBufferBytes { get; init; } = -1;

    /// <summary>The socket's own receive buffer (<c>socket.receive.buffer.bytes</c>); -1 leaves the size to the operating system, which adapts it.</summary>
    public int ReceiveBufferBytes { get; init; } = -1;

    /// <summary>
    /// Threads that wait for sockets and run the broker's handlers (<c>num.network.threads</c>). More than processors bring nothing,
    /// since handlers do not block.
    /// </summary>
    public int LoopCount { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 3);

    /// <summary>
    /// Answers that may wait for one peer, in bytes. Beyond it no more of its requests are read until half of them are out. One
    /// answer may be larger, so this bounds a peer's share together with <c>fetch.max.bytes</c>. Small answers take more memory than
    /// their bytes, and peers that never read may be many; who reads loses nothing, as the sockets' own buffers hold megabytes more.
    /// </summary>
    public long QueuedAnswerBytesMax { get; init; } = 1L << 20;

    /// <summary>How long a closed connection waits for the peer to take the last answer before it is cut.</summary>
    public TimeSpan LingerMax { get; init; } = TimeSpan.FromSeconds(2);
}
