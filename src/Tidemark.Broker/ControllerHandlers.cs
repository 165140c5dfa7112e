using Tidemark.Broker.Cluster;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Handlers;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;

namespace Tidemark.Broker;

/// <summary>The handlers of the APIs whose answers come from the controller or from the cluster's state.</summary>
public static class ControllerHandlers
{
    public static IEnumerable<IRequestHandler> All(MetadataDriver controller, ClusterState cluster, IBrokerLoggers loggers) =>
    [
        new CreateTopicsHandler(controller),
        new DeleteTopicsHandler(controller),
        new DescribeAclsHandler(),
        new CreateAclsHandler(),
        new DeleteAclsHandler(),
        new DescribeConfigsHandler(cluster, loggers),
        new AlterConfigsHandler(controller, cluster),
        new CreatePartitionsHandler(controller),
        new CreateDelegationTokenHandler(),
        new RenewDelegationTokenHandler(),
        new ExpireDelegationTokenHandler(),
        new DescribeDelegationTokenHandler(),
        new ElectLeadersHandler(controller),
        new IncrementalAlterConfigsHandler(controller, cluster, loggers),
        new AlterPartitionReassignmentsHandler(controller),
        new ListPartitionReassignmentsHandler(cluster),
        new DescribeClientQuotasHandler(cluster),
        new AlterClientQuotasHandler(controller),
        new DescribeUserScramCredentialsHandler(cluster),
        new AlterUserScramCredentialsHandler(controller),
        new DescribeQuorumHandler(controller),
        new UpdateFeaturesHandler(controller),
        new UnregisterBrokerHandler(controller),
        new ListConfigResourcesHandler(cluster),
        new AddRaftVoterHandler(cluster),
        new RemoveRaftVoterHandler(cluster),
    ];
}
