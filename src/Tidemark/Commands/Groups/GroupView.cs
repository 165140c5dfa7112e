using System.Globalization;
using System.Text.RegularExpressions;
using Tidemark.Client.Cluster;
using Tidemark.Client.Groups;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Groups;

/// <summary>A group as <c>describe</c> shows it: its members, and how far behind it is in each partition.</summary>
internal sealed partial class GroupView
{
    private readonly GroupDescription _group;
    private readonly IReadOnlyDictionary<TopicPartition, GroupOffset> _offsets;
    private readonly IReadOnlyDictionary<TopicPartition, OffsetAnswer> _ends;

    private GroupView(GroupDescription group, IReadOnlyDictionary<TopicPartition, GroupOffset> offsets, IReadOnlyDictionary<TopicPartition, OffsetAnswer> ends) =>
        (_group, _offsets, _ends) = (group, offsets, ends);

    public static async Task<GroupView> AskAsync(ClusterCall call, string name)
    {
        GroupDescription group = await call.Cluster.DescribeGroupAsync(name, call.Cancellation);
        IReadOnlyDictionary<TopicPartition, GroupOffset> offsets = await call.Cluster.GroupOffsetsAsync(name, cancellation: call.Cancellation);
        TopicPartition[] all = [.. offsets.Keys.Concat(group.Members.SelectMany(m => m.Assigned)).Distinct()];
        ClusterMetadata metadata = await call.Cluster.RefreshAsync(all.Select(p => p.Topic).Distinct(), cancellation: call.Cancellation);
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> ends = await call.Cluster.ListOffsetsAsync(
            all.Where(p => metadata.Find(p) is { Leader.Value: >= 0 }).Select(p => KeyValuePair.Create(p, OffsetSpec.Latest)), call.Cancellation, once: true);
        return new GroupView(group, offsets, ends);
    }

    public void Write(bool json, bool members)
    {
        (string Key, object? Value)[] facts =
        [
            ("group", _group.Group),
            ("type", _group.Kind),
            ("state", _group.State),
            ("coordinator", _group.Coordinator.Value),
            ("assignor", _group.Assignor.Length == 0 ? null : _group.Assignor),
            ("epoch", _group.Epoch),
            ("assignmentEpoch", _group.AssignmentEpoch),
            ("members", _group.Members.Count),
            ("lag", TotalLag()),
            ("note", Note()),
        ];
        if (members)
        {
            Members().WriteUnder(json, Heading(), facts, "memberList", "It has no members.");
        }
        else
        {
            Partitions().WriteUnder(json, Heading(), facts, "partitions", "It has committed nothing and reads nothing.");
        }
    }

    private string Heading()
    {
        string assignor = _group.Assignor.Length == 0 ? "" : $", {_group.Assignor}";
        string epoch = _group.Epoch is { } e ? _group.AssignmentEpoch < e ? $", epoch {e}, assigned for {_group.AssignmentEpoch}" : $", epoch {e}" : "";
        string lag = TotalLag() is { } behind ? $", {behind.ToString(CultureInfo.InvariantCulture)} behind" : "";
        string members = _group.Members.Count == 1 ? "1 member" : $"{_group.Members.Count} members";
        string note = Note() is { } said ? $"{Environment.NewLine}  {said}" : "";
        return $"Group {_group.Group}: {_group.Kind}, {_group.State}{assignor}{epoch}, {members}, coordinator {_group.Coordinator.Value}{lag}{note}";
    }

    /// <summary>What the coordinator says of the last rebalance, its time as people read it.</summary>
    private string? Note() => string.IsNullOrEmpty(_group.Note)
        ? null
        : UnixTime().Replace(_group.Note, time => $"at {Transactions.TransactionsCommand.Time(long.Parse(time.ValueSpan[3..], CultureInfo.InvariantCulture))}");

    private long? TotalLag()
    {
        long[] lags = [.. _offsets.Keys.Select(LagOf).OfType<long>()];
        return lags.Length == 0 ? null : lags.Sum();
    }

    private long? EndOf(TopicPartition partition) => _ends.TryGetValue(partition, out OffsetAnswer end) && end.Error == ErrorCode.None ? end.Offset : null;

    private long? LagOf(TopicPartition partition) =>
        _offsets.TryGetValue(partition, out GroupOffset committed) && EndOf(partition) is { } end ? Math.Max(0, end - committed.Offset) : null;

    private Listing Partitions()
    {
        var listing = new Listing("topic", "partition", "committed", "end", "lag", "member", "client", "host");
        var owners = _group.Members.SelectMany(m => m.Assigned.Select(p => (Partition: p, Member: m))).ToLookup(o => o.Partition, o => o.Member);
        foreach (TopicPartition partition in _offsets.Keys.Concat(owners.Select(o => o.Key)).Distinct()
            .OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition))
        {
            GroupMemberDescription? owner = owners[partition].FirstOrDefault();
            listing.Add(
                partition.Topic,
                partition.Partition,
                _offsets.TryGetValue(partition, out GroupOffset committed) ? committed.Offset : null,
                EndOf(partition),
                LagOf(partition),
                owner is null ? null : owner.Instance is { } instance ? $"{instance} ({owner.Id})" : owner.Id,
                owner?.Client,
                owner?.Host);
        }

        return listing;
    }

    private Listing Members()
    {
        var listing = new Listing("member", "instance", "client", "host", "epoch", "partitions", "to give up", "to get");
        foreach (GroupMemberDescription member in _group.Members.OrderBy(m => m.Id, StringComparer.Ordinal))
        {
            listing.Add(
                member.Id,
                member.Instance,
                member.Client,
                member.Host,
                member.Epoch,
                Names(member.Assigned),
                Names(member.Target is null ? [] : member.Assigned.Except(member.Target)),
                Names(member.Target is null ? [] : member.Target.Except(member.Assigned)));
        }

        return listing;
    }

    [GeneratedRegex(@"\bat \d{13}(?=:)")]
    private static partial Regex UnixTime();

    private static string[]? Names(IEnumerable<TopicPartition> partitions)
    {
        string[] names = [.. partitions.OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition).Select(p => p.ToString())];
        return names.Length == 0 ? null : names;
    }
}
