using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>API key 53, BeginQuorumEpoch. v1 directory ids and endpoints (KIP-853).</summary>
internal static class BeginEpochWire
{
    public static BeginQuorumEpochRequest Request(BeginEpochAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        VoterId = ask.Voter?.Node.Value ?? -1,
        Topics =
        [
            new BeginQuorumEpochRequest.TopicData
            {
                TopicName = QuorumWire.Topic,
                Partitions =
                [
                    new BeginQuorumEpochRequest.PartitionData
                    {
                        PartitionIndex = QuorumWire.Partition,
                        VoterDirectoryId = ask.Voter?.Directory ?? Uuid.Zero,
                        LeaderId = ask.Leader.Value,
                        LeaderEpoch = ask.Epoch.Value,
                    },
                ],
            },
        ],
        LeaderEndpoints =
        [
            .. ask.Endpoints.Select(at => new BeginQuorumEpochRequest.LeaderEndpoint { Name = at.ListenerName, Host = at.Host, Port = at.Port }),
        ],
    };

    /// <summary>Null when it does not ask for the quorum's one partition.</summary>
    public static BeginEpochAsk? Read(BeginQuorumEpochRequest request) =>
        request.Topics is [{ Partitions: [var asked] } topic] && QuorumWire.IsQuorum(topic.TopicName, asked.PartitionIndex)
            ? new BeginEpochAsk(
                new BrokerId(asked.LeaderId),
                new LeaderEpoch(asked.LeaderEpoch),
                request.VoterId < 0 ? null : new ReplicaKey(new BrokerId(request.VoterId), asked.VoterDirectoryId),
                [.. request.LeaderEndpoints.Select(at => new VoterEndpoint(at.Name, at.Host, at.Port))])
            : null;

    public static BeginQuorumEpochResponse Response(QuorumAnswer answer, string listenerName)
    {
        var response = new BeginQuorumEpochResponse
        {
            Topics =
            [
                new BeginQuorumEpochResponse.TopicData
                {
                    TopicName = QuorumWire.Topic,
                    Partitions =
                    [
                        new BeginQuorumEpochResponse.PartitionData
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
            response.NodeEndpoints.Add(new BeginQuorumEpochResponse.NodeEndpoint { NodeId = leader.Value, Host = at.Host, Port = at.Port });
        }

        return response;
    }

    public static QuorumAnswer Read(BeginQuorumEpochResponse response, string listenerName)
    {
        if (response.ErrorCode != ErrorCode.None || response.Topics is not [{ Partitions: [var partition] }])
        {
            return new QuorumAnswer(response.ErrorCode == ErrorCode.None ? ErrorCode.UnknownServerError : response.ErrorCode, null, LeaderEpoch.Unknown);
        }

        BeginQuorumEpochResponse.NodeEndpoint? at = response.NodeEndpoints.FirstOrDefault(node => node.NodeId == partition.LeaderId);
        return new QuorumAnswer(partition.ErrorCode, QuorumWire.Leader(partition.LeaderId), new LeaderEpoch(partition.LeaderEpoch))
        {
            LeaderEndpoints = QuorumWire.Endpoints(listenerName, at?.Host, at?.Port ?? 0),
        };
    }
}
