using Tidemark.Broker.Connections;
using Tidemark.Broker.Runtime;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Links;

/// <summary>
/// A request to another node from the asking to its end. Whoever wins <see cref="Delayed.TryFinish"/> or the deadline ends it, by
/// <see cref="Complete"/> or <see cref="Fail"/>, which run what waits for it and so are called without locks.
/// </summary>
internal abstract class LinkCall(NodeLink link, ApiKey api, IMessage request, short lowest, short highest) : Delayed
{
    public ApiKey Api => api;

    /// <summary>Let go once it is written, since a finished call stays with the deadlines for a while.</summary>
    public IMessage? Request { get; set; } = request;

    /// <summary>The versions of which one has to be agreed on.</summary>
    public short Lowest => lowest;

    public short Highest => highest;

    /// <summary>The version it was sent in.</summary>
    public short Version { get; set; }

    public int CorrelationId { get; set; }

    /// <summary>The connection it was sent on; null before.</summary>
    public LinkConnection? SentOn { get; set; }

    protected NodeLink Link => link;

    /// <summary>Takes over the frame. Throws <see cref="ProtocolException"/>, with nothing told to the caller yet, when it cannot be read.</summary>
    public abstract void Complete(InboundFrame frame);

    public abstract void Fail(LinkException failure);

    protected internal override void OnExpired() => link.OnTimedOut(this);

    /// <summary>Reads the header and the message, which has to be all that is there.</summary>
    protected TResponse Read<TResponse>(ReadOnlyMemory<byte> frame, short version)
        where TResponse : IMessage<TResponse>
    {
        var reader = new WireReader(frame);
        ResponseHeader.Read(ref reader, MessageCatalog.Api(Api).ResponseHeaderVersion(version));
        TResponse response = TResponse.Read(ref reader, version);
        return reader.Remaining == 0 ? response : throw new ProtocolException($"{reader.Remaining} bytes follow the answer");
    }
}

/// <summary>A call whose answer outlives its frame: it is read from a copy, so that its byte fields stay valid without an owner.</summary>
internal sealed class LinkCall<TResponse>(NodeLink link, ApiKey api, IMessage request, short lowest, short highest)
    : LinkCall(link, api, request, lowest, highest)
    where TResponse : IMessage<TResponse>
{
    private readonly TaskCompletionSource<TResponse> _answer = new();

    public Task<TResponse> Answer => _answer.Task;

    public override void Complete(InboundFrame frame)
    {
        byte[] copy;
        using (frame)
        {
            copy = frame.Bytes.ToArray();
        }

        _answer.SetResult(Read<TResponse>(copy, Version));
    }

    public override void Fail(LinkException failure) => _answer.SetException(failure);
}

/// <summary>A call whose answer is a view on its frame, which goes to the caller with it.</summary>
internal sealed class LeasedLinkCall<TResponse>(NodeLink link, ApiKey api, IMessage request, short lowest, short highest)
    : LinkCall(link, api, request, lowest, highest)
    where TResponse : IMessage<TResponse>
{
    private readonly TaskCompletionSource<LinkAnswer<TResponse>> _answer = new();

    public Task<LinkAnswer<TResponse>> Answer => _answer.Task;

    public override void Complete(InboundFrame frame)
    {
        TResponse response;
        try
        {
            response = Read<TResponse>(frame.Bytes, Version);
        }
        catch
        {
            frame.Dispose();
            throw;
        }

        _answer.SetResult(new LinkAnswer<TResponse>(response, Version, frame));
    }

    public override void Fail(LinkException failure) => _answer.SetException(failure);
}
