using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records.Validation;

namespace Tidemark.Broker.Producing;

/// <summary>Writes the answer to a produce request out of what its partitions came to.</summary>
internal sealed class ProduceAnswer(IClusterView cluster)
{
    public void Send(Request request, ProduceTopic[] topics, ProducePartition[] partitions, int count)
    {
        var response = new ProduceResponse();
        for (int t = 0; t < topics.Length; t++)
        {
            ProduceResponse.TopicProduceResponse? topic = null;
            for (int i = 0; i < count; i++)
            {
                ref ProducePartition p = ref partitions[i];
                if (p.TopicIndex != t)
                {
                    continue;
                }

                if (topic is null)
                {
                    topic = new() { Name = topics[t].Name, TopicId = topics[t].Id };
                    response.Responses.Add(topic);
                }

                topic.PartitionResponses.Add(Describe(request, response, topics[t], p));
            }
        }

        request.Respond(response);
    }

    private ProduceResponse.PartitionProduceResponse Describe(Request request, ProduceResponse response, in ProduceTopic topic, in ProducePartition p)
    {
        AppendOutcome outcome = p.Outcome;
        var answer = new ProduceResponse.PartitionProduceResponse
        {
            Index = p.PartitionIndex,
            ErrorCode = outcome.Error,
            BaseOffset = outcome.BaseOffset.Value,
            LogAppendTimeMs = outcome.LogAppendTimeMs,
            LogStartOffset = outcome.LogStart.Value,
            ErrorMessage = outcome.Message,
        };
        if (outcome.RecordErrors is not null)
        {
            foreach (RecordError error in outcome.RecordErrors)
            {
                answer.RecordErrors.Add(new() { BatchIndex = error.BatchIndex, BatchIndexErrorMessage = error.Message });
            }
        }

        if (outcome.Error is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch && request.ApiVersion >= 10)
        {
            LeaderHint hint = cluster.LeaderOf(topic.Id, p.PartitionIndex, request.Connection.Info.ListenerName);
            answer.CurrentLeader = new() { LeaderId = hint.Leader.Value, LeaderEpoch = hint.Epoch.Value };
            if (hint.Endpoint is { } at && !response.NodeEndpoints.Any(n => n.NodeId == at.Broker.Value))
            {
                response.NodeEndpoints.Add(new() { NodeId = at.Broker.Value, Host = at.Host, Port = at.Port, Rack = at.Rack });
            }
        }

        return answer;
    }
}
