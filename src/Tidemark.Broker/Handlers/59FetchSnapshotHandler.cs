using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Quorum.Wire;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 59, FetchSnapshot: a piece of a snapshot of the metadata (KIP-630). v1 directory ids and endpoints (KIP-853).
/// </summary>
public sealed class FetchSnapshotHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<FetchSnapshotRequest, FetchSnapshotResponse>(ApiKey.FetchSnapshot, 0, 1)
{
    protected override async ValueTask<FetchSnapshotResponse> Answer(FetchSnapshotRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None || FetchSnapshotWire.Read(request) is not { } ask)
        {
            return Refusal(request, error == ErrorCode.None ? ErrorCode.InvalidRequest : error, context.ApiVersion);
        }

        (QuorumAnswer answer, long size, ReadOnlyMemory<byte> piece) = await quorum.FetchSnapshot(ask, request.MaxBytes);
        return FetchSnapshotWire.Response(answer, ask, size, piece, context.Connection.Info.ListenerName);
    }

    protected override FetchSnapshotResponse Refusal(FetchSnapshotRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
