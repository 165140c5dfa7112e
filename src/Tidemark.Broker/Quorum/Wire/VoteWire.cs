using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>API key 52, Vote. v1 directory ids and endpoints (KIP-853) · v2 pre-votes (KIP-996).</summary>
internal static class VoteWire
{
    public static VoteRequest Request(VoteAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        VoterId = ask.Voter?.Node.Value ?? -1,
        Topics =
        [
            new VoteRequest.TopicData
            {
                TopicName = QuorumWire.Topic,
                Partitions =
                [
                    new VoteRequest.PartitionData
                    {
                        PartitionIndex = QuorumWire.Partition,
                        ReplicaEpoch = ask.Epoch.Value,
                        ReplicaId = ask.Candidate.Node.Value,
                        ReplicaDirectoryId = ask.Candidate.Directory,
                        VoterDirectoryId = ask.Voter?.Directory ?? Uuid.Zero,
                        LastOffsetEpoch = ask.End.Epoch.Value,
                        LastOffset = ask.End.EndOffset.Value,
                        PreVote = ask.IsPreVote,
                    },
                ],
            },
        ],
    };

    /// <summary>Null when it does not ask for the quorum's one partition.</summary>
    public static VoteAsk? Read(VoteRequest request)
    {
        if (request.Topics is not [{ Partitions: [var asked] } topic] || !QuorumWire.IsQuorum(topic.TopicName, asked.PartitionIndex))
        {
            return null;
        }

        ReplicaKey? voter = request.VoterId < 0 ? null : new ReplicaKey(new BrokerId(request.VoterId), asked.VoterDirectoryId);
        return new VoteAsk(
            new ReplicaKey(new BrokerId(asked.ReplicaId), asked.ReplicaDirectoryId),
            new LeaderEpoch(asked.ReplicaEpoch),
            new LogPosition(new Offset(asked.LastOffset), new LeaderEpoch(asked.LastOffsetEpoch)),
            asked.PreVote,
            voter);
    }

    public static VoteResponse Response(VoteAnswer answer, string listenerName)
    {
        var response = new VoteResponse
        {
            Topics =
            [
                new VoteResponse.TopicData
                {
                    TopicName = QuorumWire.Topic,
                    Partitions =
                    [
                        new VoteResponse.PartitionData
                        {
                            PartitionIndex = QuorumWire.Partition,
                            ErrorCode = answer.Error,
                            LeaderId = QuorumWire.Wire(answer.Leader),
                            LeaderEpoch = answer.Epoch.Value,
                            VoteGranted = answer.IsGranted,
                        },
                    ],
                },
            ],
        };
        if (answer.Leader is { } leader && QuorumWire.Endpoint(answer.LeaderEndpoints, listenerName) is { } at)
        {
            response.NodeEndpoints.Add(new VoteResponse.NodeEndpoint { NodeId = leader.Value, Host = at.Host, Port = at.Port });
        }

        return response;
    }

    public static VoteAnswer Read(VoteResponse response, string listenerName)
    {
        if (response.ErrorCode != ErrorCode.None || response.Topics is not [{ Partitions: [var partition] }])
        {
            return new VoteAnswer(response.ErrorCode == ErrorCode.None ? ErrorCode.UnknownServerError : response.ErrorCode, null, LeaderEpoch.Unknown, false);
        }

        VoteResponse.NodeEndpoint? at = response.NodeEndpoints.FirstOrDefault(node => node.NodeId == partition.LeaderId);
        return new VoteAnswer(partition.ErrorCode, QuorumWire.Leader(partition.LeaderId), new LeaderEpoch(partition.LeaderEpoch), partition.VoteGranted)
        {
            LeaderEndpoints = QuorumWire.Endpoints(listenerName, at?.Host, at?.Port ?? 0),
        };
    }
}
