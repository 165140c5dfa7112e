using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Forgets a broker that will not come back; it leaves every ISR.</summary>
public static class UnregisterBroker
{
    public static Decision<UnregisterBrokerResponse> Decide(ControllerContext context, UnregisterBrokerRequest request)
    {
        if (!context.Image.Brokers.TryGetValue(request.BrokerId, out BrokerImage? broker))
        {
            return new Decision<UnregisterBrokerResponse>([], new UnregisterBrokerResponse
            {
                ErrorCode = ErrorCode.BrokerIdNotRegistered,
                ErrorMessage = $"Broker {request.BrokerId} is not registered.",
            });
        }

        var records = new List<MetadataRecord>();
        BrokerPartitions.Leave(new ClusterView(context.Image, context.Config, removed: broker.Id), broker.Id, cameBackUnclean: true, records);
        records.Add(new UnregisterBrokerRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch });
        return new Decision<UnregisterBrokerResponse>(records, new UnregisterBrokerResponse { ErrorMessage = null });
    }
}
