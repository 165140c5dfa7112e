using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 51, AlterUserScramCredentials: sets and removes SCRAM credentials (KIP-554).
/// They are kept in the metadata log; no listener asks for them yet.
/// </summary>
public sealed class AlterUserScramCredentialsHandler(MetadataDriver controller)
    : ControllerHandler<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>(controller, ApiKey.AlterUserScramCredentials, 0, 0)
{
    protected override AlterUserScramCredentialsResponse Refusal(AlterUserScramCredentialsRequest request, ErrorCode error, short version) => new()
    {
        Results =
        [
            .. request.Deletions.Select(deletion => deletion.Name).Concat(request.Upsertions.Select(upsertion => upsertion.Name)).Distinct(StringComparer.Ordinal)
                .Select(user => new AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult { User = user, ErrorCode = error, ErrorMessage = null }),
        ],
    };

    protected override Decision<AlterUserScramCredentialsResponse> Decide(ControllerContext state, AlterUserScramCredentialsRequest request, short version) =>
        UserScramCredentials.Decide(state, request);
}
