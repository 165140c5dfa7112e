using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 49, AlterClientQuotas: sets and removes quotas of users, client ids and addresses (KIP-546).
/// They are kept in the metadata log; nothing is throttled by them yet. An address may be given by a host's name, which must have one: that is found
/// out here, before the controller's turn.
/// </summary>
public sealed class AlterClientQuotasHandler(MetadataDriver controller, BrokerEnvironment environment)
    : MessageHandler<AlterClientQuotasRequest, AlterClientQuotasResponse>(ApiKey.AlterClientQuotas, 0, 1)
{
    /// <summary>For all names of a request together, well within the time that clients wait. What is not found by then counts as unknown.</summary>
    private static readonly TimeSpan s_resolvingMax = TimeSpan.FromSeconds(5);

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

    protected override async ValueTask<AlterClientQuotasResponse> Answer(AlterClientQuotasRequest request, Request context)
    {
        IReadOnlySet<string> hosts = await HostsOf(request);
        return await controller.Submit(state => AlterClientQuotas.Decide(state, request, hosts), error => Refusal(request, context.Noting(error), context.ApiVersion));
    }

    private async ValueTask<IReadOnlySet<string>> HostsOf(AlterClientQuotasRequest request)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        long start = environment.Time.GetTimestamp();
        foreach (string name in AlterClientQuotas.HostNamesOf(request))
        {
            try
            {
                TimeSpan left = s_resolvingMax - environment.Time.GetElapsedTime(start);
                if (left > TimeSpan.Zero && await environment.HasAddress(name).WaitAsync(left, environment.Time))
                {
                    found.Add(name);
                }
            }
            catch (TimeoutException)
            {
                break;
            }
        }

        return found;
    }
}
