using Tidemark.Broker.Connections;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Protocol;

namespace Tidemark.Broker.Dispatch;

/// <summary>A handler whose answer is a decision of the controller: it comes once the decision's records are committed and published.</summary>
public abstract class ControllerHandler<TRequest, TResponse>(MetadataDriver controller, ApiKey api, short lowest, short highest)
    : MessageHandler<TRequest, TResponse>(api, lowest, highest)
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    protected MetadataDriver Controller => controller;

    protected override ValueTask<TResponse> Answer(TRequest request, Request context)
    {
        short version = context.ApiVersion;
        return new(controller.Submit(state => Decide(state, request, version), error => Refusal(request, context.Noting(error), version), TimeoutMs(request)));
    }

    /// <summary>How long the client waits for the decision, in milliseconds; null for requests that do not say.</summary>
    protected virtual int? TimeoutMs(TRequest request) => null;

    /// <summary>Decides on the state at the request's turn.</summary>
    protected abstract Decision<TResponse> Decide(ControllerContext state, TRequest request, short version);
}
