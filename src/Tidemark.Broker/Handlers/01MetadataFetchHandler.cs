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
/// API key 1, Fetch, on the controller's listener: members of the quorum and observers copy the metadata log (KIP-595). No sessions; one
/// partition; what finds nothing new waits. v13 topic ids · v15 the replica in a struct · v17 directory ids · v18 the fetcher's high watermark.
/// </summary>
public sealed class MetadataFetchHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<FetchRequest, FetchResponse>(ApiKey.Fetch, 4, 18)
{
    protected override async ValueTask<FetchResponse> Answer(FetchRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None || FetchWire.Read(request, context.ApiVersion) is not { } ask)
        {
            return Refusal(request, error == ErrorCode.None ? ErrorCode.InvalidRequest : error, context.ApiVersion);
        }

        int bytesMax = Math.Min(request.MaxBytes, request.Topics[0].Partitions[0].PartitionMaxBytes);
        (FetchAnswer answer, Offset start, ReadOnlyMemory<byte> records) = await quorum.Fetch(ask, bytesMax);
        return FetchWire.Response(answer, start, records, byId: context.ApiVersion >= 13, context.Connection.Info.ListenerName);
    }

    protected override FetchResponse Refusal(FetchRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
