using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 49, AlterClientQuotas: sets and removes quotas of users, client ids and addresses (KIP-546).
/// They are kept in the metadata log; nothing is throttled by them yet.
/// </summary>
public sealed class AlterClientQuotasHandler(MetadataDriver controller)
    : ControllerHandler<AlterClientQuotasRequest, AlterClientQuotasResponse>(controller, ApiKey.AlterClientQuotas, 0, 1)
{
    protected override AlterClientQuotasResponse Refusal(AlterClientQuotasRequest request, ErrorCode error, short version) => new()
    {
        Entries =
        [
            .. request.Entries.Select(entry => new AlterClientQuotasResponse.EntryData
            {
                ErrorCode = error,
                ErrorMessage = null,
                Entity = [.. entry.Entity.Select(part => new AlterClientQuotasResponse.EntityData { EntityType = part.EntityType, EntityName = part.EntityName })],
            }),
        ],
    };

    protected override Decision<AlterClientQuotasResponse> Decide(ControllerContext state, AlterClientQuotasRequest request, short version) =>
        AlterClientQuotas.Decide(state, request);
}
