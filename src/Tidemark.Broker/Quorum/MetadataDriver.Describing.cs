using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Raft.Roles;

namespace Tidemark.Broker.Quorum;

public sealed partial class MetadataDriver
{
    /// <summary>Where this node's leadership of the quorum began and what it has committed; null while it does not lead.</summary>
    public (Offset EpochStart, Offset HighWatermark)? Leadership => _member?.Role is Leader leader ? (leader.EpochStart, leader.HighWatermark) : null;

    /// <summary>Where that ends which this node knows to be committed, in whatever role; -1 before it knows of anything.</summary>
    public Offset HighWatermark => _member?.HighWatermark ?? Offset.Unknown;

    /// <summary>The quorum's epoch and whom this member voted for in it; null when for nobody.</summary>
    public (LeaderEpoch Epoch, BrokerId? VotedFor)? Vote => _member?.Role is { } role ? (role.Epoch, role.VotedFor?.Node) : null;

    /// <summary>Describes the quorum, where this node leads it: NOT_LEADER_OR_FOLLOWER elsewhere.</summary>
    public async Task<DescribeQuorumResponse> DescribeQuorum(DescribeQuorumRequest request)
    {
        QuorumDescription? quorum = await Ask<QuorumDescription?>((member, now) => member.Describe(now), null);
        TimeSpan now = Now;
        var response = new DescribeQuorumResponse { ErrorMessage = null };
        bool isOnce = request.Topics.Sum(topic => topic.Partitions.Count) == 1;
        bool isDescribed = false;
        foreach (DescribeQuorumRequest.TopicData asked in request.Topics)
        {
            var topic = new DescribeQuorumResponse.TopicData { TopicName = asked.TopicName };
            foreach (DescribeQuorumRequest.PartitionData partition in asked.Partitions)
            {
                bool isQuorum = isOnce && asked.TopicName == TopicImage.ClusterMetadata && partition.PartitionIndex == 0;
                isDescribed |= isQuorum && quorum is not null;
                topic.Partitions.Add(isQuorum ? DescribePartition(quorum, now) : new DescribeQuorumResponse.PartitionData
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = ErrorCode.UnknownTopicOrPartition,
                    ErrorMessage = $"The only quorum is that of partition 0 of {TopicImage.ClusterMetadata}, asked for once.",
                });
            }

            response.Topics.Add(topic);
        }

        if (isDescribed)
        {
            foreach (Voter voter in quorum!.VoterSet.Voters)
            {
                bool isSelf = voter.Key.Node.Value == _options.NodeId;
                response.Nodes.Add(new DescribeQuorumResponse.Node
                {
                    NodeId = voter.Key.Node.Value,
                    Listeners = isSelf
                        ? [.. _options.ControllerEndpoints().Select(at => new DescribeQuorumResponse.Listener { Name = at.ListenerName, Host = at.Host, Port = at.Port })]
                        : [.. voter.Endpoints.Select(at => new DescribeQuorumResponse.Listener { Name = at.ListenerName, Host = at.Host, Port = at.Port })],
                });
            }
        }

        return response;
    }

    private DescribeQuorumResponse.PartitionData DescribePartition(QuorumDescription? quorum, TimeSpan now) => quorum is null
        ? new DescribeQuorumResponse.PartitionData { ErrorCode = ErrorCode.NotLeaderOrFollower, ErrorMessage = null }
        : new DescribeQuorumResponse.PartitionData
        {
            ErrorMessage = null,
            LeaderId = quorum.Leader.Value,
            LeaderEpoch = quorum.Epoch.Value,
            HighWatermark = quorum.HighWatermark.Value,
            CurrentVoters = [.. quorum.Voters.Select(each => Describe(each, now))],
            Observers = [.. quorum.Observers.Select(each => Describe(each, now))],
        };

    /// <summary>The member's times are on the monotonic clock; those of the wire are wall time.</summary>
    private DescribeQuorumResponse.ReplicaState Describe(ReplicaDescription replica, TimeSpan now) => new()
    {
        ReplicaId = replica.Key.Node.Value,
        ReplicaDirectoryId = replica.Key.Directory,
        LogEndOffset = replica.LogEnd.Value,
        LastFetchTimestamp = WallTime(replica.LastFetch, now),
        LastCaughtUpTimestamp = WallTime(replica.LastCaughtUp, now),
    };

    private long WallTime(TimeSpan? at, TimeSpan now) => at is { } time ? NowMs - (long)(now - time).TotalMilliseconds : -1;
}
