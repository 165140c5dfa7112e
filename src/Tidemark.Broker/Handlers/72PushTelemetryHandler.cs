using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 72, PushTelemetry: a client's metrics (KIP-714). None are asked for, so what a client pushes under its subscription is empty
/// or superfluous, and is dropped.
/// </summary>
public sealed class PushTelemetryHandler()
    : MessageHandler<PushTelemetryRequest, PushTelemetryResponse>(ApiKey.PushTelemetry, 0, 0), IRequestHandler
{
    bool IRequestHandler.IsAdvertised => false;

    protected override PushTelemetryResponse Refusal(PushTelemetryRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<PushTelemetryResponse> Answer(PushTelemetryRequest request, Request context) =>
        new(new PushTelemetryResponse { ErrorCode = Check(request) });

    private static ErrorCode Check(PushTelemetryRequest request)
    {
        if (request.ClientInstanceId.IsZero || request.ClientInstanceId == Uuid.Metadata)
        {
            return ErrorCode.InvalidRequest;
        }

        if (request.SubscriptionId != ClientMetrics.SubscriptionOf(request.ClientInstanceId))
        {
            return ErrorCode.UnknownSubscriptionId;
        }

        if (request.CompressionType is < (sbyte)CompressionCodec.None or > (sbyte)CompressionCodec.Zstd)
        {
            return ErrorCode.UnsupportedCompressionType;
        }

        return request.Metrics.Length > ClientMetrics.MaxBytes ? ErrorCode.TelemetryTooLarge : ErrorCode.None;
    }
}
