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
    /// <summary>Those of a node that is a broker: what it does not decide itself it passes on to the controller.</summary>
    public static NodeHandlers All(
        MetadataDriver controller, ControllerChannel channel, ClusterState cluster, IBrokerLoggers loggers, BrokerEnvironment environment, Func<DispatchTable> controllerTable)
    {
        IRequestHandler[] configs = [new AlterConfigsHandler(controller, cluster), new IncrementalAlterConfigsHandler(controller, cluster, loggers)];
        return new NodeHandlers(
            [.. Answered(cluster, loggers), .. Decided(controller, cluster, environment).Concat(configs).Select(handler => new ForwardingHandler(handler, controller, channel, StaysHere(handler, cluster.Self)))],
            ForControllers(controller, cluster, loggers, environment, controllerTable));
    }

    /// <summary>All that a controller's listeners serve. Nothing is passed on: who asks there looks for the active controller itself.</summary>
    public static IReadOnlyList<IRequestHandler> ForControllers(
        MetadataDriver controller, ClusterState cluster, IBrokerLoggers loggers, BrokerEnvironment environment, Func<DispatchTable> table) =>
    [
        .. Answered(cluster, loggers).Concat(Decided(controller, cluster, environment)).Where(handler => MessageCatalog.Api(handler.Api).OnController),
        new SaslHandshakeHandler(),
        new ApiVersionsHandler(table, cluster),
        new SaslAuthenticateHandler(),
        new DescribeClusterHandler(cluster, () => controller.Controller.Node),
        new AlterConfigsHandler(controller, cluster, isForControllers: true),
        new IncrementalAlterConfigsHandler(controller, cluster, loggers, isForControllers: true),
        new MetadataFetchHandler(controller, cluster.ClusterId),
        new VoteHandler(controller, cluster.ClusterId),
        new BeginQuorumEpochHandler(controller, cluster.ClusterId),
        new EndQuorumEpochHandler(controller, cluster.ClusterId),
        new AlterPartitionHandler(controller),
        new EnvelopeHandler(controller, table, environment.Buffers, environment.Logs.CreateLogger("Tidemark.Connections")),
        new FetchSnapshotHandler(controller, cluster.ClusterId),
        new BrokerRegistrationHandler(controller),
        new BrokerHeartbeatHandler(controller),
        new AllocateProducerIdsHandler(controller),
        new ControllerRegistrationHandler(controller),
        new AssignReplicasToDirsHandler(controller),
        new UpdateRaftVoterHandler(controller, cluster.ClusterId),
    ];

    /// <summary>What every node answers by itself.</summary>
    private static IRequestHandler[] Answered(ClusterState cluster, IBrokerLoggers loggers) =>
    [
        new DescribeAclsHandler(),
        new CreateAclsHandler(),
        new DeleteAclsHandler(),
        new DescribeConfigsHandler(cluster, loggers),
        new CreateDelegationTokenHandler(),
        new RenewDelegationTokenHandler(),
        new ExpireDelegationTokenHandler(),
        new DescribeDelegationTokenHandler(),
        new DescribeClientQuotasHandler(cluster),
        new DescribeUserScramCredentialsHandler(cluster),
        new ListConfigResourcesHandler(cluster),
    ];

    /// <summary>What the active controller decides, whether it is asked on its own listener or through a broker.</summary>
    private static IRequestHandler[] Decided(MetadataDriver controller, ClusterState cluster, BrokerEnvironment environment) =>
    [
        new CreateTopicsHandler(controller),
        new DeleteTopicsHandler(controller),
        new CreatePartitionsHandler(controller),
        new ElectLeadersHandler(controller),
        new AlterPartitionReassignmentsHandler(controller),
        new ListPartitionReassignmentsHandler(cluster),
        new AlterClientQuotasHandler(controller, environment),
        new AlterUserScramCredentialsHandler(controller),
        new DescribeQuorumHandler(controller),
        new UpdateFeaturesHandler(controller),
        new UnregisterBrokerHandler(controller),
        new AddRaftVoterHandler(controller, cluster.ClusterId),
        new RemoveRaftVoterHandler(controller, cluster.ClusterId),
    ];

    /// <summary>
    /// Loggers belong to the broker that was asked, whoever is the controller; and only a broker knows that it was asked for another one's
    /// configuration, because the controller decides for all.
    /// </summary>
    private static Func<Request, bool>? StaysHere(IRequestHandler handler, BrokerId self) => handler.Api switch
    {
        ApiKey.IncrementalAlterConfigs => request =>
        {
            var reader = new WireReader(request.Body);
            return BrokerResources.StayHere(
                IncrementalAlterConfigsRequest.Read(ref reader, request.ApiVersion).Resources.Select(resource => (resource.ResourceType, resource.ResourceName)), self);
        }
        ,
        ApiKey.AlterConfigs => request =>
        {
            var reader = new WireReader(request.Body);
            return BrokerResources.StayHere(
                AlterConfigsRequest.Read(ref reader, request.ApiVersion).Resources.Select(resource => (resource.ResourceType, resource.ResourceName)), self);
        }
        ,
        _ => null,
    };
}
