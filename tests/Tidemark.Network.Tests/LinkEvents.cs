using System.Collections.Concurrent;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;

namespace Tidemark.Network.Tests;

/// <summary>Remembers what happens on a connection to another node.</summary>
internal sealed class LinkEvents : INodeTransportEvents
{
    private int _connectedCount;
    private int _closedCount;

    public int NextFrameBytesMax { get; set; } = int.MaxValue;

    public ConcurrentQueue<byte[]> Frames { get; } = new();

    /// <summary>What to do with a frame instead of keeping its bytes. It owns the frame.</summary>
    public Action<InboundFrame>? OnFrameDo { get; init; }

    public bool IsConnected => Volatile.Read(ref _connectedCount) == 1;

    public bool IsClosed => Volatile.Read(ref _closedCount) == 1;

    public LinkEnd? End { get; private set; }

    public string? Reason { get; private set; }

    public void OnConnected() => Interlocked.Increment(ref _connectedCount);

    public void OnFrame(InboundFrame frame)
    {
        if (OnFrameDo is not null)
        {
            OnFrameDo(frame);
            return;
        }

        using (frame)
        {
            Frames.Enqueue(frame.Bytes.ToArray());
        }
    }

    public void OnClosed(LinkEnd why, string reason)
    {
        (End, Reason) = (why, reason);
        Interlocked.Increment(ref _closedCount);
    }

    /// <summary>Waits for the end, and answers how it came.</summary>
    public LinkEnd AwaitEnd()
    {
        RunningNetwork.Eventually(() => IsClosed, "the connection ends");
        return End!.Value;
    }
}
