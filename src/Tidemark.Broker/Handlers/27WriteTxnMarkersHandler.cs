using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 27, WriteTxnMarkers: a transaction's coordinator has partitions told how it ended (KIP-98). v2 the transaction's version, from 2 on
/// with a stricter check of epochs (KIP-1228). Answered when the markers are committed.
/// </summary>
public sealed class WriteTxnMarkersHandler(MarkerWriter markers) : MessageHandler<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(ApiKey.WriteTxnMarkers, 1, 2)
{
    protected override WriteTxnMarkersResponse Refusal(WriteTxnMarkersRequest request, ErrorCode error, short version) => MarkerWriter.Respond(request, () => error);

    protected override ValueTask<WriteTxnMarkersResponse> Answer(WriteTxnMarkersRequest request, Request context) => markers.Write(request);
}
