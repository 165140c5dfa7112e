using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>
/// A member of a group that reads the source and writes what it read to the sink, each piece with the offset it came to in one transaction
/// (KIP-447). Whatever goes wrong, it begins anew from what the group has committed.
/// </summary>
public sealed class CopierClient : ScenarioClient
{
    /// <summary>Reads at most so many records into one transaction.</summary>
    private const int PieceMax = 4;

    private readonly GroupMembership _membership;
    private readonly CopyTransaction _transaction;
    private readonly string _group;
    private readonly Dictionary<string, int> _coordinators = [];
    private readonly Dictionary<int, long> _positions = [];

    /// <param name="isClassic">The protocol of its group.</param>
    /// <param name="isOld">It speaks the first version of transactions, which adds partitions by requests of their own.</param>
    /// <param name="isHasty">It waits for no answer to a write for long.</param>
    public CopierClient(SimulatedCluster cluster, ScenarioTrace trace, History history, GroupHistory groups, string name, bool isClassic, bool isOld, bool isHasty)
        : base(cluster, trace, history, name)
    {
        Groups = groups;
        _group = isClassic ? CopyTopics.ClassicGroup : CopyTopics.ConsumerGroup;
        _membership = isClassic ? new ClassicMembership(this, _group, CopyTopics.Source) : new ConsumerMembership(this, _group, CopyTopics.Source, name);
        _transaction = new CopyTransaction(this, name, _group, CopyTopics.SinkOf(_group), isOld, isHasty);
    }

    internal GroupHistory Groups { get; }

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            await Rest(20, 250);
            if (PartitionsOf(CopyTopics.Source) == 0 || PartitionsOf(_transaction.Sink) == 0)
            {
                await Refresh();
            }
            else if (!await _membership.KeepUp())
            {
                _positions.Clear();
            }
            else
            {
                int[] owned = [.. _membership.Owned];
                await Copy(owned[Random.Next(owned.Length)]);
            }
        }

        await _membership.Leave();
    }

    internal long UnixMs => Cluster.Time.GetUtcNow().ToUnixTimeMilliseconds();

    internal bool Draws(double chance) => Random.Chance(chance);

    internal int Draw(int below) => Random.Next(below);

    internal void Count(string what) => Trace.Count(what);

    internal void Tell(string what) => Trace.Tell($"{Name}: {what}");

    internal Task Pause() => Rest(20, 300);

    /// <summary>What it owns has changed; where it stands in what it did not own before, the group knows.</summary>
    internal void Reassigned() => _positions.Clear();

    internal int PartitionsOf(string topic) => Known.Count(each => each.Topic == topic);

    internal Uuid IdOf(string topic) => Known.FirstOrDefault(each => each.Topic == topic).TopicId;

    internal PartitionId PartitionOf(string topic, int index) => Known.First(each => each.Topic == topic && each.Index == index);

    internal void ForgetCoordinator(string key) => _coordinators.Remove(key);

    /// <summary>Asks a partition's leader; null when none is known or it does not answer.</summary>
    internal async Task<TResponse?> AskLeader<TRequest, TResponse>(PartitionId partition, TRequest request, short lowest = 0, short highest = short.MaxValue, TimeSpan? patience = null)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : class, IApiResponse, IMessage<TResponse>
    {
        TResponse? answer = LeaderOf(partition) is not { } leader ? null
            : patience is { } time ? await Ask<TRequest, TResponse>(leader, request, time, lowest, highest)
            : await Ask<TRequest, TResponse>(leader, request, lowest, highest);
        if (answer is null)
        {
            await Refresh();
        }

        return answer;
    }

    /// <summary>Looks again who leads what.</summary>
    internal Task LookAgain() => Refresh();

    /// <summary>Asks the coordinator of a group or, with <paramref name="keyType"/> 1, of a transactional id.</summary>
    internal async Task<TResponse?> AskCoordinator<TRequest, TResponse>(string key, TRequest request, short lowest = 0, short highest = short.MaxValue, sbyte keyType = 0)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : class, IApiResponse, IMessage<TResponse>
    {
        if (!_coordinators.TryGetValue(key, out int node))
        {
            FindCoordinatorResponse? found = await Ask<FindCoordinatorRequest, FindCoordinatorResponse>(
                AnyNode(), new FindCoordinatorRequest { KeyType = keyType, CoordinatorKeys = [key] }, lowest: 4);
            if (found?.Coordinators[0] is not { ErrorCode: ErrorCode.None, NodeId: > 0 } at)
            {
                return null;
            }

            _coordinators[key] = node = at.NodeId;
        }

        TResponse? answer = await Ask<TRequest, TResponse>(node, request, lowest, highest);
        if (answer is null)
        {
            _coordinators.Remove(key);
        }

        return answer;
    }

    private async Task Copy(int partition)
    {
        if (!_positions.TryGetValue(partition, out long position))
        {
            if (await FetchCommitted(partition) is not { } committed)
            {
                return;
            }

            _positions[partition] = position = committed;
        }

        PartitionId source = PartitionOf(CopyTopics.Source, partition);
        List<string> values = await Read(source, position);
        if (values.Count == 0)
        {
            return;
        }

        bool commit = Draws(0.85);
        string[] copies = [.. values.Select((value, i) => CopyTopics.Copy(partition, position + i, value))];
        bool? done = await _transaction.Run(copies, source, position + values.Count, _membership, commit);
        Count(done switch { true => "transactions committed", false => "transactions aborted", null => "transactions given up" });
        if (done == true)
        {
            Tell($"copied partition {partition} from {position} to {position + values.Count}");
            Groups.Commits(_group, partition, position + values.Count);
            if (_membership.Owned.Contains(partition))
            {
                _positions[partition] = position + values.Count;
            }
        }
        else
        {
            _positions.Clear();
        }
    }

    private async Task<long?> FetchCommitted(int partition)
    {
        long floor = Groups.Committed(_group, partition);
        OffsetFetchResponse? answer = await AskCoordinator<OffsetFetchRequest, OffsetFetchResponse>(
            _group,
            new OffsetFetchRequest
            {
                RequireStable = true,
                Groups =
                [
                    new()
                    {
                        GroupId = _group,
                        MemberId = _membership is ConsumerMembership ? _membership.MemberId : null,
                        MemberEpoch = _membership is ConsumerMembership ? _membership.Generation : -1,
                        Topics = [new() { Name = CopyTopics.Source, TopicId = IdOf(CopyTopics.Source), PartitionIndexes = [partition] }],
                    },
                ],
            },
            lowest: 9);
        if (answer?.Groups[0] is not { } group || group.ErrorCode != ErrorCode.None)
        {
            Count($"offset fetch {answer?.Groups[0].ErrorCode}");
            ForgetCoordinator(_group);
            return null;
        }

        OffsetFetchResponse.OffsetFetchResponsePartitions found = group.Topics[0].Partitions[0];
        Count($"offset fetch {found.ErrorCode}");
        if (found.ErrorCode != ErrorCode.None)
        {
            return null;
        }

        long offset = Math.Max(0, found.CommittedOffset);
        Groups.Fetched(_group, partition, offset, floor, Name);
        return offset;
    }

    private async Task<List<string>> Read(PartitionId source, long from)
    {
        FetchResponse? answer = await AskLeader<FetchRequest, FetchResponse>(source, CopyTopics.Fetch(source, from, isolation: 1), lowest: 13);
        if (answer is not { ErrorCode: ErrorCode.None, Responses.Count: > 0 })
        {
            return [];
        }

        FetchResponse.PartitionData data = answer.Responses[0].Partitions[0];
        if (data.ErrorCode != ErrorCode.None)
        {
            await Refresh();
            return [];
        }

        return [.. CopyTopics.Values(data, from).Select(each => each.Value).Take(1 + Draw(PieceMax))];
    }
}
