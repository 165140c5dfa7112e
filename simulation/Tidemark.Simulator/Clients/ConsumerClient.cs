using System.Text;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>
/// Reads every partition from the first record on, at its leader, at whom the leader names, and now and then at any node; and asks where a
/// partition ends.
/// </summary>
/// <param name="rack">Where the consumer stands; null for nowhere.</param>
public sealed class ConsumerClient(SimulatedCluster cluster, ScenarioTrace trace, History history, string name, string? rack)
    : ScenarioClient(cluster, trace, history, name)
{
    private readonly Dictionary<PartitionId, long> _positions = [];
    private readonly Dictionary<PartitionId, int> _preferred = [];

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            await Rest(5, 200);
            if (await Choose() is not { } partition)
            {
                continue;
            }

            if (LeaderOf(partition) is not { } leader)
            {
                await Refresh();
            }
            else if (Random.Chance(0.3))
            {
                await AskEnd(partition, leader);
            }
            else
            {
                int at = _preferred.GetValueOrDefault(partition, leader);
                await Fetch(partition, Random.Chance(0.15) ? AnyNode() : at, leader);
            }
        }
    }

    private async Task AskEnd(PartitionId partition, int leader)
    {
        long floor = History.Floor(partition);
        ListOffsetsResponse? answer = await Ask<ListOffsetsRequest, ListOffsetsResponse>(leader, new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Index, Timestamp = -1 }] }],
        });
        if (answer?.Topics[0].Partitions[0] is not { } end)
        {
            return;
        }

        Trace.Count($"end {end.ErrorCode}");
        if (end.ErrorCode != ErrorCode.None)
        {
            await Refresh();
        }
        else if (Known.Contains(partition) && IsSameTopicEverywhere(partition))
        {
            // The request carries the topic's name, so the answer may be that of a topic created anew.
            Trace.Tell($"{Name}: node {leader} says that {partition} ends at {end.Offset}, known before were {floor}");
            History.ToldEnd(partition, end.Offset, floor, Name);
        }
    }

    private bool IsSameTopicEverywhere(PartitionId partition) => Cluster.Nodes.All(node =>
        node.Broker is not { } broker || broker.Cluster.Image.Topics.Find(partition.Topic) is not { } topic || topic.Id == partition.TopicId);

    private async Task Fetch(PartitionId partition, int node, int leader)
    {
        long position = _positions.GetValueOrDefault(partition);
        FetchResponse? answer = await Ask<FetchRequest, FetchResponse>(
            node,
            new FetchRequest
            {
                RackId = rack ?? "",
                MaxWaitMs = Random.Between(0, 300),
                MinBytes = 1,
                Topics = [new() { Topic = partition.Topic, TopicId = partition.TopicId, Partitions = [new() { Partition = partition.Index, FetchOffset = position, CurrentLeaderEpoch = EpochOf(partition), PartitionMaxBytes = 1 << 16 }] }],
            },
            lowest: 13);
        if (answer is null)
        {
            _preferred.Remove(partition);
            await Refresh();
            return;
        }

        if (answer.ErrorCode != ErrorCode.None || answer.Responses.Count == 0)
        {
            return;
        }

        FetchResponse.PartitionData data = answer.Responses[0].Partitions[0];
        Trace.Count($"fetch {data.ErrorCode}{(node == leader ? "" : " elsewhere")}");
        if (data.ErrorCode != ErrorCode.None)
        {
            _preferred.Remove(partition);
        }

        if (data.ErrorCode == ErrorCode.OffsetOutOfRange && node != leader)
        {
            // A follower may lag behind what was read elsewhere.
            await Refresh();
        }
        else if (data.ErrorCode == ErrorCode.OffsetOutOfRange)
        {
            // The request names the leader's epoch, so that this is the leader's word and not a follower's.
            History.Broken(partition, "15 what was read stays readable", $"{Name}: node {leader} calls offset {position} of {partition} out of range");
            _positions[partition] = 0;
        }
        else if (data.ErrorCode != ErrorCode.None)
        {
            // Out of range, too: a replica that follows serves those that know of it, and may lag behind what was read at the leader.
            await Refresh();
        }
        else if (data.PreferredReadReplica >= 0)
        {
            Trace.Count("consumers sent to a follower");
            _preferred[partition] = data.PreferredReadReplica;
        }
        else
        {
            Take(partition, node, position, data);
            History.ToldHighWatermark(partition, data.HighWatermark);
        }
    }

    private void Take(PartitionId partition, int leader, long position, FetchResponse.PartitionData data)
    {
        long next = position;
        var walk = new BatchWalk(data.Records is { } records ? records.Span : default);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            if (!batch.CrcIsValid())
            {
                throw new BrokenRuleException("15 what is read is what was written", $"{Name}: a batch of {partition}@{batch.BaseOffset} from node {leader} is damaged");
            }

            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext(out RecordView record))
            {
                if (record.Offset < position)
                {
                    continue;
                }

                if (record.Offset != next)
                {
                    throw new BrokenRuleException("15 no gaps", $"{Name}: {partition} goes on with {record.Offset} after {next - 1} at node {leader}");
                }

                if (record.Offset >= data.HighWatermark)
                {
                    throw new BrokenRuleException("12 nothing uncommitted is read", $"{Name}: node {leader} gives {partition}@{record.Offset} above its high watermark {data.HighWatermark}");
                }

                History.Seen(partition, record.Offset, Encoding.ASCII.GetString(record.Value.Span), $"{Name} at node {leader}");
                next = record.Offset + 1;
            }
        }

        if (next > position)
        {
            Trace.Tell($"{Name}: read {partition} from {position} to {next} at node {leader}");
        }

        _positions[partition] = next;
    }
}
