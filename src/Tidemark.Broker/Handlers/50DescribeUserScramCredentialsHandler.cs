using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Commands;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 50, DescribeUserScramCredentials: which users have SCRAM credentials (KIP-554); never the keys.
/// </summary>
public sealed class DescribeUserScramCredentialsHandler(ClusterState cluster)
    : MessageHandler<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>(ApiKey.DescribeUserScramCredentials, 0, 0)
{
    protected override ValueTask<DescribeUserScramCredentialsResponse> Answer(DescribeUserScramCredentialsRequest request, Request context) =>
        new(UserScramCredentials.Answer(cluster.Image, request));
}
