using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Quorum;

public sealed partial class MetadataDriver
{
    /// <summary>Registers the broker of this process where its controller can be no other; when it completes, the broker is unfenced and leads what it can.</summary>
    /// <returns>The epoch of its registration.</returns>
    public async Task<long> RegisterOwn(BrokerRegistrationRequest request)
    {
        BrokerRegistrationResponse response = await SubmitOwn(
            context => RegisterBroker.Decide(context, request, Sessions, isLocal: true),
            error => new BrokerRegistrationResponse { ErrorCode = error });
        if (response.ErrorCode != ErrorCode.None)
        {
            throw new InvalidDataException($"The controller refused the broker of its own process: {response.ErrorCode}");
        }

        QuorumLog.Registered(_log, _options.NodeId, response.BrokerEpoch);
        return response.BrokerEpoch;
    }
}
