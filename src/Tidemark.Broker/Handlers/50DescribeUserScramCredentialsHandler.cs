using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 50, DescribeUserScramCredentials: which users have SCRAM credentials (KIP-554); never the keys.
/// </summary>
public sealed class DescribeUserScramCredentialsHandler(ClusterState cluster)
    : MessageHandler<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse>(ApiKey.DescribeUserScramCredentials, 0, 0)
{
    protected override DescribeUserScramCredentialsResponse Refusal(DescribeUserScramCredentialsRequest request, ErrorCode error, short version) => new()
    {
        ErrorCode = error,
        ErrorMessage = null,

        // Clients look at the error of the whole; Kafka tells as many results as users were named, without their names.
        Results =
        [
            .. (request.Users ?? []).Select(_ => new DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult { ErrorCode = error, ErrorMessage = null }),
        ],
    };

    protected override ValueTask<DescribeUserScramCredentialsResponse> Answer(DescribeUserScramCredentialsRequest request, Request context) =>
        new(UserScramCredentials.Answer(cluster.Image, request));
}
