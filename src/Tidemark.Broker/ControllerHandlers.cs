using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Handlers;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker;

/// <summary>What a node serves beside the APIs of its partitions.</summary>
/// <param name="ForClients">To clients, on the brokers' listeners.</param>
/// <param name="ForControllers">To brokers and controllers, on the controllers' listeners.</param>
public sealed record NodeHandlers(IReadOnlyList<IRequestHandler> ForClients, IReadOnlyList<IRequestHandler> ForControllers)
{
    public static NodeHandlers None { get; } = new([], []);
}

/// <summary>The handlers of the APIs whose answers come from the controller or from the cluster's state, and of the quorum's own.</summary>
public static class ControllerHandlers
{
    public static NodeHandlers All(
        MetadataDriver controller, ControllerChannel channel, ClusterState cluster, IBrokerLoggers loggers, BrokerEnvironment environment, Func<DispatchTable> controllerTable)
    {
        IRequestHandler[] here =
        [
            new DescribeAclsHandler(),
            new CreateAclsHandler(),
            new DeleteAclsHandler(),
            new DescribeConfigsHandler(cluster, loggers),
            new CreateDelegationTokenHandler(),
            new RenewDelegationTokenHandler(),
            new ExpireDelegationTokenHandler(),
            new DescribeDelegationTokenHandler(),
            new ListPartitionReassignmentsHandler(cluster),
            new DescribeClientQuotasHandler(cluster),
            new DescribeUserScramCredentialsHandler(cluster),
            new ListConfigResourcesHandler(cluster),
        ];
        IRequestHandler[] decided =
        [
            new CreateTopicsHandler(controller),
            new DeleteTopicsHandler(controller),
            new AlterConfigsHandler(controller, cluster),
            new CreatePartitionsHandler(controller),
            new ElectLeadersHandler(controller),
            new IncrementalAlterConfigsHandler(controller, cluster, loggers),
            new AlterPartitionReassignmentsHandler(controller),
            new AlterClientQuotasHandler(controller),
            new AlterUserScramCredentialsHandler(controller),
            new DescribeQuorumHandler(controller),
            new UpdateFeaturesHandler(controller),
            new UnregisterBrokerHandler(controller),
            new AddRaftVoterHandler(controller, cluster.ClusterId),
            new RemoveRaftVoterHandler(controller, cluster.ClusterId),
        ];
        IRequestHandler[] amongNodes =
        [
            new MetadataFetchHandler(controller, cluster.ClusterId),
            new VoteHandler(controller, cluster.ClusterId),
            new BeginQuorumEpochHandler(controller, cluster.ClusterId),
            new EndQuorumEpochHandler(controller, cluster.ClusterId),
            new AlterPartitionHandler(controller),
            new EnvelopeHandler(controller, controllerTable, environment.Buffers, environment.Logs.CreateLogger("Tidemark.Connections")),
            new FetchSnapshotHandler(controller, cluster.ClusterId),
            new BrokerRegistrationHandler(controller),
            new BrokerHeartbeatHandler(controller),
            new AllocateProducerIdsHandler(controller),
            new ControllerRegistrationHandler(controller),
            new UpdateRaftVoterHandler(controller, cluster.ClusterId),
        ];
        return new NodeHandlers(
            [.. here, .. decided.Select(handler => new ForwardingHandler(handler, controller, channel, StaysHere(handler, cluster.Self)))],
            [.. here.Concat(decided).Where(handler => MessageCatalog.Api(handler.Api).OnController), .. amongNodes]);
    }

    /// <summary>Loggers belong to the broker that was asked, whoever is the controller.</summary>
    private static Func<Request, bool>? StaysHere(IRequestHandler handler, BrokerId self) => handler.Api == ApiKey.IncrementalAlterConfigs
        ? request =>
        {
            var reader = new WireReader(request.Body);
            return IncrementalAlterConfigsRequest.Read(ref reader, request.ApiVersion).Resources
                .Any(resource => resource.ResourceType == (sbyte)ConfigResourceType.BrokerLogger && BrokerResources.Check(resource.ResourceType, resource.ResourceName, self).Code == ErrorCode.None);
        }
        : null;
}
