using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>What the broker itself asks of the controller. Answers come when the decision is committed and published here.</summary>
public interface IClusterCommands
{
    ValueTask<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request);

    ValueTask<AlterPartitionResponse> AlterPartition(AlterPartitionRequest request);

    ValueTask<AssignReplicasToDirsResponse> AssignDirectories(AssignReplicasToDirsRequest request);

    ValueTask<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request);
}
