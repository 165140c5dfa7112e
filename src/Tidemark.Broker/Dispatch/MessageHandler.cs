using Tidemark.Broker.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Broker.Dispatch;

/// <summary>
/// A handler that takes the request as a message and gives the response as one: for all but the hot paths. When
/// <see cref="Answer"/> throws, the client gets <see cref="Refusal"/>.
/// </summary>
/// <param name="api">The API served.</param>
/// <param name="lowest">The lowest version served.</param>
/// <param name="highest">The highest version served.</param>
public abstract class MessageHandler<TRequest, TResponse>(ApiKey api, short lowest, short highest) : IRequestHandler
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    public ApiKey Api => api;

    public short LowestVersion => lowest;

    public short HighestVersion => highest;

    public void Handle(Request request)
    {
        var reader = new WireReader(request.Body);
        TRequest asked = TRequest.Read(ref reader, request.ApiVersion);
        if (ReasonToEnd(asked, request) is { } reason)
        {
            request.Close(reason);
            return;
        }

        ValueTask<TResponse> answer = Answer(asked, request);
        if (answer.IsCompletedSuccessfully)
        {
            request.Respond(answer.Result);
        }
        else
        {
            _ = RespondLater(answer, request);
        }
    }

    public void Refuse(Request request, ErrorCode error)
    {
        var reader = new WireReader(request.Body);
        request.Respond(Refusal(TRequest.Read(ref reader, request.ApiVersion), error, request.ApiVersion));
    }

    /// <summary>The answer that tells of every part of the request that it failed with the error, in the places where clients look for it.</summary>
    protected abstract TResponse Refusal(TRequest request, ErrorCode error, short version);

    /// <summary>Why the connection ends without an answer, where the client does better with that than with any; null for what is answered.</summary>
    protected virtual string? ReasonToEnd(TRequest request, Request context) => null;

    /// <summary>
    /// What the request comes to. May complete later; until then no other request of the connection is served. Views into
    /// <paramref name="request"/>'s bytes stay valid until the answer is given.
    /// </summary>
    protected abstract ValueTask<TResponse> Answer(TRequest request, Request context);

    private static async Task RespondLater(ValueTask<TResponse> answer, Request request)
    {
        try
        {
            request.Respond(await answer);
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            request.Connection.Fail(request, e);
        }
    }
}
