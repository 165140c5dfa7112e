using System.Buffers.Binary;
using System.Collections.Concurrent;
using Tidemark.Broker.Connections;

namespace Tidemark.Network.Tests;

/// <summary>A broker that answers each request with its own bytes, or does what the test says.</summary>
internal sealed class EchoBroker : IConnectionAcceptor
{
    public ConcurrentBag<Handler> Handlers { get; } = [];

    /// <summary>What to do with a request instead of sending it back. It owns the frame.</summary>
    public Action<Handler, InboundFrame>? OnFrame { get; init; }

    public int FrameCount => Handlers.Sum(handler => handler.FrameCount);

    public IConnectionHandler Accept(ConnectionInfo info, IConnectionTransport transport)
    {
        var handler = new Handler(this, info, transport);
        Handlers.Add(handler);
        return handler;
    }

    public static OutboundFrame Answer(ReadOnlySpan<byte> bytes, params IDisposable[] resources)
    {
        byte[] frame = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, bytes.Length);
        bytes.CopyTo(frame.AsSpan(4));
        return new OutboundFrame([OutboundPart.Of(frame)], resources);
    }

    internal sealed class Handler(EchoBroker broker, ConnectionInfo info, IConnectionTransport transport) : IConnectionHandler
    {
        private int _frameCount;
        private int _closedCount;

        public ConnectionInfo Info => info;

        public IConnectionTransport Transport => transport;

        public int FrameCount => Volatile.Read(ref _frameCount);

        public int ClosedCount => Volatile.Read(ref _closedCount);

        public bool HasRequestsInHand { get; set; }

        public void OnFrame(InboundFrame frame)
        {
            Interlocked.Increment(ref _frameCount);
            if (broker.OnFrame is { } custom)
            {
                custom(this, frame);
            }
            else
            {
                transport.Send(Answer(frame.Bytes.Span, frame));
            }
        }

        public void OnClosed() => Interlocked.Increment(ref _closedCount);
    }
}
