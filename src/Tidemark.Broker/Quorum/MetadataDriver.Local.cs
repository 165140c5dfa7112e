using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Quorum;

public sealed partial class MetadataDriver
{
    private long _brokerEpoch = -1;

    /// <summary>Registers the broker of this process; when it completes, the broker is unfenced and leads what it can.</summary>
    /// <returns>The epoch of its registration.</returns>
    public async Task<long> RegisterBroker(LocalBroker broker)
    {
        BrokerRegistrationRequest request = new()
        {
            BrokerId = _options.NodeId,
            ClusterId = _options.ClusterId,
            IncarnationId = NewId(),
            Rack = broker.Rack,
            LogDirs = [.. broker.Directories.Order()],
            PreviousBrokerEpoch = broker.PreviousEpoch,
            Listeners = [.. broker.Endpoints.Select(each => new BrokerRegistrationRequest.Listener
            {
                Name = each.ListenerName,
                Host = each.Host,
                Port = each.Port,
                SecurityProtocol = each.SecurityProtocol,
            })],
            Features = [.. FeatureTable.Supported.Select(each => new BrokerRegistrationRequest.Feature
            {
                Name = each.Key,
                MinSupportedVersion = each.Value.Lowest,
                MaxSupportedVersion = each.Value.Highest,
            })],
        };
        BrokerRegistrationResponse response = await SubmitOwn(
            context => Tidemark.Metadata.Commands.RegisterBroker.Decide(context, request, Sessions, isLocal: true),
            error => new BrokerRegistrationResponse { ErrorCode = error });
        if (response.ErrorCode != ErrorCode.None)
        {
            throw new InvalidDataException($"The controller refused the broker of its own process: {response.ErrorCode}");
        }

        Interlocked.Exchange(ref _brokerEpoch, response.BrokerEpoch);
        QuorumLog.Registered(_log, _options.NodeId, response.BrokerEpoch);
        return response.BrokerEpoch;
    }

    /// <summary>Tells the controller of directories of this broker that failed, or that take no new partitions.</summary>
    public Task<BrokerHeartbeatResponse> ReportDirectories(IReadOnlyList<Uuid> offline, IReadOnlyList<Uuid>? cordoned) =>
        Heartbeat(wantShutDown: false, offline, cordoned);

    /// <summary>Moves the leaderships away from this broker where another can lead, and ends those that nobody can take over.</summary>
    public Task<BrokerHeartbeatResponse> BeginShutdown() => Heartbeat(wantShutDown: true, [], null);

    private Task<BrokerHeartbeatResponse> Heartbeat(bool wantShutDown, IReadOnlyList<Uuid> offline, IReadOnlyList<Uuid>? cordoned) =>
        SubmitOwn(
            context => BrokerHeartbeat.Decide(
                context,
                new BrokerHeartbeatRequest
                {
                    BrokerId = _options.NodeId,
                    BrokerEpoch = Interlocked.Read(ref _brokerEpoch),
                    CurrentMetadataOffset = context.Image.LastOffset.Value,
                    WantShutDown = wantShutDown,
                    OfflineLogDirs = [.. offline],
                    CordonedLogDirs = cordoned is null ? null : [.. cordoned],
                },
                Sessions),
            error => new BrokerHeartbeatResponse { ErrorCode = error });
}
