using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>API key 54, EndQuorumEpoch. v1 successors by directory, and endpoints (KIP-853).</summary>
internal static class EndEpochWire
{
    public static EndQuorumEpochRequest Request(EndEpochAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        Topics =
        [
            new EndQuorumEpochRequest.TopicData
            {
                TopicName = QuorumWire.Topic,
                Partitions =
                [
                    new EndQuorumEpochRequest.PartitionData
                    {
                        PartitionIndex = QuorumWire.Partition,
                        LeaderId = ask.Leader.Value,
                        LeaderEpoch = ask.Epoch.Value,
                        PreferredSuccessors = [.. ask.PreferredCandidates.Select(each => each.Node.Value)],
                        PreferredCandidates =
                        [
                            .. ask.PreferredCandidates.Select(each => new EndQuorumEpochRequest.ReplicaInfo
                            {
                                CandidateId = each.Node.Value,
                                CandidateDirectoryId = each.Directory,
                            }),
                        ],
                    },
                ],
            },
        ],
        LeaderEndpoints =
        [
            .. ask.Endpoints.Select(at => new EndQuorumEpochRequest.LeaderEndpoint { Name = at.ListenerName, Host = at.Host, Port = at.Port }),
        ],
    };

    /// <summary>Null when it does not ask for the quorum's one partition.</summary>
    public static EndEpochAsk? Read(EndQuorumEpochRequest request) =>
        request.Topics is [{ Partitions: [var asked] } topic] && QuorumWire.IsQuorum(topic.TopicName, asked.PartitionIndex)
            ? new EndEpochAsk(
                new BrokerId(asked.LeaderId),
                new LeaderEpoch(asked.LeaderEpoch),
                asked.PreferredCandidates.Count > 0
                    ? [.. asked.PreferredCandidates.Select(each => new ReplicaKey(new BrokerId(each.CandidateId), each.CandidateDirectoryId))]
                    : [.. asked.PreferredSuccessors.Select(id => new ReplicaKey(new BrokerId(id), Uuid.Zero))],
                [.. request.LeaderEndpoints.Select(at => new VoterEndpoint(at.Name, at.Host, at.Port))])
            : null;

    public static EndQuorumEpochResponse Response(QuorumAnswer answer, string listenerName)
    {
        var response = new EndQuorumEpochResponse
        {
            Topics =
            [
                new EndQuorumEpochResponse.TopicData
                {
                    TopicName = QuorumWire.Topic,
                    Partitions =
                    [
                        new EndQuorumEpochResponse.PartitionData
                        {
                            PartitionIndex = QuorumWire.Partition,
                            ErrorCode = answer.Error,
                            LeaderId = QuorumWire.Wire(answer.Leader),
                            LeaderEpoch = answer.Epoch.Value,
                        },
                    ],
                },
            ],
        };
        if (answer.Leader is { } leader && QuorumWire.Endpoint(answer.LeaderEndpoints, listenerName) is { } at)
        {
            response.NodeEndpoints.Add(new EndQuorumEpochResponse.NodeEndpoint { NodeId = leader.Value, Host = at.Host, Port = at.Port });
        }

        return response;
    }

    public static QuorumAnswer Read(EndQuorumEpochResponse response, string listenerName)
    {
        if (response.ErrorCode != ErrorCode.None || response.Topics is not [{ Partitions: [var partition] }])
        {
            return new QuorumAnswer(response.ErrorCode == ErrorCode.None ? ErrorCode.UnknownServerError : response.ErrorCode, null, LeaderEpoch.Unknown);
        }

        EndQuorumEpochResponse.NodeEndpoint? at = response.NodeEndpoints.FirstOrDefault(node => node.NodeId == partition.LeaderId);
        return new QuorumAnswer(partition.ErrorCode, QuorumWire.Leader(partition.LeaderId), new LeaderEpoch(partition.LeaderEpoch))
        {
            LeaderEndpoints = QuorumWire.Endpoints(listenerName, at?.Host, at?.Port ?? 0),
        };
    }
}
