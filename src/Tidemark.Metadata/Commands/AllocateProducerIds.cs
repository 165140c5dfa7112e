using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Gives a broker a block of producer ids that nobody else ever gets (KIP-730).</summary>
public static class AllocateProducerIds
{
    /// <summary>How many ids a block has. A broker asks again when most of it is used.</summary>
    public const int BlockSize = 1000;

    public static Decision<AllocateProducerIdsResponse> Decide(ControllerContext context, AllocateProducerIdsRequest request)
    {
        if (!context.Image.Brokers.TryGetValue(request.BrokerId, out BrokerImage? broker) || broker.Epoch != request.BrokerEpoch)
        {
            return new Decision<AllocateProducerIdsResponse>([], new AllocateProducerIdsResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        long first = Math.Max(0, context.Image.NextProducerId);
        if (first > long.MaxValue - BlockSize)
        {
            return new Decision<AllocateProducerIdsResponse>([], new AllocateProducerIdsResponse { ErrorCode = ErrorCode.UnknownServerError });
        }

        var record = new ProducerIdsRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch, NextProducerId = first + BlockSize };
        return new Decision<AllocateProducerIdsResponse>(
            [new MetadataRecord(record, 0)], new AllocateProducerIdsResponse { ProducerIdStart = first, ProducerIdLen = BlockSize });
    }
}
