using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
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
    protected override Decision<AlterClientQuotasResponse> Decide(ControllerContext state, AlterClientQuotasRequest request, short version) =>
        AlterClientQuotas.Decide(state, request);
}
