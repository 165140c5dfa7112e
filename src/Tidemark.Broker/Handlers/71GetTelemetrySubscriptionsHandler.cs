using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 71, GetTelemetrySubscriptions: which metrics a client is to push (KIP-714). Nothing here receives metrics, so none are asked
/// for and clients are not told of this API; one that asks without its id is given one.
/// </summary>
public sealed class GetTelemetrySubscriptionsHandler(BrokerEnvironment environment)
    : MessageHandler<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(ApiKey.GetTelemetrySubscriptions, 0, 0), IRequestHandler
{
    bool IRequestHandler.IsAdvertised => false;

    protected override GetTelemetrySubscriptionsResponse Refusal(GetTelemetrySubscriptionsRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<GetTelemetrySubscriptionsResponse> Answer(GetTelemetrySubscriptionsRequest request, Request context)
    {
        Uuid client = request.ClientInstanceId.IsZero ? environment.NewId() : request.ClientInstanceId;
        return new(new GetTelemetrySubscriptionsResponse
        {
            ClientInstanceId = client,
            SubscriptionId = ClientMetrics.SubscriptionOf(client),
            AcceptedCompressionTypes =
            [
                (sbyte)CompressionCodec.Zstd, (sbyte)CompressionCodec.Lz4, (sbyte)CompressionCodec.Gzip, (sbyte)CompressionCodec.Snappy,
            ],
            PushIntervalMs = ClientMetrics.PushIntervalMs,
            TelemetryMaxBytes = ClientMetrics.MaxBytes,
            DeltaTemporality = true,
        });
    }
}
