using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 48, DescribeClientQuotas: the quotas that a filter matches (KIP-546).
/// </summary>
public sealed class DescribeClientQuotasHandler(ClusterState cluster)
    : MessageHandler<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(ApiKey.DescribeClientQuotas, 0, 1)
{
    protected override DescribeClientQuotasResponse Refusal(DescribeClientQuotasRequest request, ErrorCode error, short version) =>
        new() { ErrorCode = error, ErrorMessage = null, Entries = null };

    protected override ValueTask<DescribeClientQuotasResponse> Answer(DescribeClientQuotasRequest request, Request context) =>
        new(DescribeClientQuotas.Answer(cluster.Image, request));
}
