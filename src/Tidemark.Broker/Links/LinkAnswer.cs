using Tidemark.Broker.Connections;

namespace Tidemark.Broker.Links;

/// <summary>
/// An answer together with the frame that its bytes and records are views on. The caller disposes it when it needs them no longer.
/// </summary>
public sealed class LinkAnswer<TResponse>(TResponse message, short version, InboundFrame frame) : IDisposable
{
    public TResponse Message => message;

    /// <summary>The version in which request and answer were exchanged.</summary>
    public short Version => version;

    public void Dispose() => frame.Dispose();
}
