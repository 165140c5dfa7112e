using System.Collections.Immutable;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// A leader asks for another ISR (KIP-497). The checks stand in the order in which a leader can make something of the answer; a replica that
/// is fenced, shutting down or of another life must not get in (KIP-841, KIP-903).
/// </summary>
public static class AlterPartition
{
    public static Decision<AlterPartitionResponse> Decide(ControllerContext context, AlterPartitionRequest request, short version)
    {
        var response = new AlterPartitionResponse();
        if (!context.Image.Brokers.TryGetValue(request.BrokerId, out BrokerImage? sender) || sender.Epoch != request.BrokerEpoch)
        {
            response.ErrorCode = ErrorCode.StaleBrokerEpoch;
            return new Decision<AlterPartitionResponse>([], response);
        }

        var records = new List<MetadataRecord>();
        var cluster = new ClusterView(context.Image, context.Config);
        foreach (AlterPartitionRequest.TopicData asked in request.Topics)
        {
            var topicResponse = new AlterPartitionResponse.TopicData { TopicId = asked.TopicId };
            TopicImage? topic = context.Image.Topics.Find(asked.TopicId);
            foreach (AlterPartitionRequest.PartitionData each in asked.Partitions)
            {
                topicResponse.Partitions.Add(topic?.Partition(each.PartitionIndex) is { } partition
                    ? Change(cluster, request.BrokerId, topic, partition, each, version, records)
                    : Refused(each, topic is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition));
            }

            response.Topics.Add(topicResponse);
        }

        return new Decision<AlterPartitionResponse>(records, response);
    }

    private static AlterPartitionResponse.PartitionData Change(
        ClusterView cluster,
        int sender,
        TopicImage topic,
        PartitionImage partition,
        AlterPartitionRequest.PartitionData asked,
        short version,
        List<MetadataRecord> records)
    {
        List<(int Id, long Epoch)> members = version >= 3
            ? [.. asked.NewIsrWithEpochs.Select(each => (each.BrokerId, each.BrokerEpoch))]
            : [.. asked.NewIsr.Select(id => (id, -1L))];
        ImmutableArray<int> isr = [.. members.Select(member => member.Id)];
        ErrorCode refusal = Check(cluster, sender, partition, asked, members, isr);
        if (refusal != ErrorCode.None)
        {
            return Refused(asked, refusal);
        }

        var change = new PartitionChange(topic, partition, cluster) { Isr = isr, LeaderRecoveryState = asked.LeaderRecoveryState };
        PartitionImage after = partition;
        if (change.Build() is { } record)
        {
            records.Add(record);
            after = partition.Merge((PartitionChangeRecord)record.Message);
        }

        if (after.Leader != sender || after.LeaderEpoch != partition.LeaderEpoch)
        {
            // The new ISR ended a reassignment and the leader with it.
            return Refused(asked, after.Replicas.Contains(sender) ? ErrorCode.NewLeaderElected : ErrorCode.FencedLeaderEpoch);
        }

        return new AlterPartitionResponse.PartitionData
        {
            PartitionIndex = partition.Id,
            LeaderId = after.Leader,
            LeaderEpoch = after.LeaderEpoch.Value,
            Isr = [.. after.Isr],
            LeaderRecoveryState = after.LeaderRecoveryState,
            PartitionEpoch = after.PartitionEpoch,
        };
    }

    private static ErrorCode Check(
        ClusterView cluster,
        int sender,
        PartitionImage partition,
        AlterPartitionRequest.PartitionData asked,
        List<(int Id, long Epoch)> members,
        ImmutableArray<int> isr)
    {
        if (asked.LeaderEpoch > partition.LeaderEpoch.Value || asked.PartitionEpoch > partition.PartitionEpoch)
        {
            return ErrorCode.NotController;
        }

        if (asked.LeaderEpoch < partition.LeaderEpoch.Value)
        {
            return ErrorCode.FencedLeaderEpoch;
        }

        if (partition.Leader != sender)
        {
            return ErrorCode.InvalidRequest;
        }

        if (asked.PartitionEpoch < partition.PartitionEpoch && !Plants.IsOn(Plant.StalePartitionEpochAccepted))
        {
            return ErrorCode.InvalidUpdateVersion;
        }

        if (isr.IsEmpty || isr.Distinct().Count() != isr.Length || !isr.All(id => partition.Replicas.Contains(id)) || !isr.Contains(partition.Leader))
        {
            return ErrorCode.InvalidRequest;
        }

        bool recovers = asked.LeaderRecoveryState == PartitionImage.Recovering;
        if (asked.LeaderRecoveryState is < PartitionImage.Recovered or > PartitionImage.Recovering
            || (recovers && isr.Length > 1)
            || (recovers && partition.LeaderRecoveryState == PartitionImage.Recovered))
        {
            return ErrorCode.InvalidRequest;
        }

        // An epoch of -1 comes from leaders that do not know it.
        bool allEligible = members.All(member => cluster.Broker(member.Id) is { } broker
            && (broker.IsActive || Plants.IsOn(Plant.CountFencedMember))
            && (member.Epoch == -1 || member.Epoch == broker.Epoch || Plants.IsOn(Plant.CountStaleBrokerEpoch)));
        return allEligible ? ErrorCode.None : ErrorCode.IneligibleReplica;
    }

    private static AlterPartitionResponse.PartitionData Refused(AlterPartitionRequest.PartitionData asked, ErrorCode code) =>
        new() { PartitionIndex = asked.PartitionIndex, ErrorCode = code };
}
