using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Consumer;
using Tidemark.Coordination.Groups;
using Tidemark.Coordination.Tests.Offsets;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Tests.Consumer;

/// <summary>A shard of groups among topics that the test makes, with a log in memory and a clock that the test turns. Assignments are computed at once unless it says otherwise.</summary>
internal sealed class ConsumerWorld
{
    private KnownTopics _topics = new();
    private readonly Dictionary<long, object> _answers = [];
    private readonly List<(long Write, long Ticket, object Response)> _held = [];
    private readonly List<object> _awaited = [];
    private TimeSpan _now = TimeSpan.FromHours(1);
    private long _write;
    private long _ticket;

    public ConsumerWorld(params (string Name, int Partitions)[] topics)
    {
        Settings = new GroupSettings { ConsumerAssignmentIntervalMs = 0, InitialRebalanceDelayMs = 0 };
        foreach ((string name, int partitions) in topics)
        {
            _topics = _topics.With(new CoordinatorTopic(name, Id(name), partitions, _ => []));
        }

        Shard = new GroupShard(View);
        Step(() => Shard.OnLoaded(View, Now));
    }

    public GroupSettings Settings { get; set; }

    /// <summary>How many members the node has, as heartbeats bring it.</summary>
    public int MembersOfNode { get; set; }

    public Dictionary<string, Dictionary<string, string>> Config { get; } = new(StringComparer.Ordinal);

    public GroupShard Shard { get; private set; }

    public List<CoordinatorRecord> Log { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>Off: what is written stays uncommitted until <see cref="Commit"/> or <see cref="Fail"/>.</summary>
    public bool CommitsAtOnce { get; set; } = true;

    /// <summary>The log takes nothing: what an input writes is undone, and it has no answer.</summary>
    public bool LogRefuses { get; set; }

    public ShardTime Now => new(_now, 1_700_000_000_000 + (long)_now.TotalMilliseconds);

    public ConsumerGroup Group => Shard.Consumer.FindConsumer("g")!;

    private CoordinatorView View => new(_topics, Settings, new TransactionSettings(), g => Config.GetValueOrDefault(g));

    public static Uuid Id(string topic) => new(0x4000, (ulong)KeyPartition.HashOf(topic) + 1);

    public static ConsumerGroupHeartbeatRequest.TopicPartitionsEntry Owns(string topic, params int[] partitions) => new() { TopicId = Id(topic), Partitions = [.. partitions] };

    /// <summary>An assignment as text: <c>a:0,1 b:2</c>; <c>-</c> where the answer has none.</summary>
    public string Told(ConsumerGroupHeartbeatResponse response) => response.Assignment is null
        ? "-"
        : string.Join(' ', response.Assignment.TopicPartitions.Select(t => $"{Name(t.TopicId)}:{string.Join(',', t.Partitions)}").Order(StringComparer.Ordinal));

    /// <summary>What a member has by now.</summary>
    public string Has(string member) => string.Join(' ', Group.Member(member)!.Assigned.All.GroupBy(p => p.Topic).Select(t => $"{Name(t.Key)}:{string.Join(',', t.Select(p => p.Partition))}").Order(StringComparer.Ordinal));

    public void Topic(string name, int partitions) => Topic(new CoordinatorTopic(name, Id(name), partitions, _ => []));

    public void Topic(CoordinatorTopic topic)
    {
        _topics = _topics.With(topic);
        Look();
    }

    public void NoTopic(string name)
    {
        _topics = _topics.Without(name);
        Look();
    }

    /// <summary>Topics or configuration changed.</summary>
    public void Look() => Step(() => Shard.OnView(View, Now));

    public ConsumerGroupHeartbeatResponse Join(string member, params string[] topics) => Send(member, 0, names: topics);

    public ConsumerGroupHeartbeatResponse Send(
        string member,
        int epoch,
        string[]? names = null,
        string? regex = null,
        string? instance = null,
        string? assignor = null,
        ConsumerGroupHeartbeatRequest.TopicPartitionsEntry[]? owned = null,
        short version = 1,
        string group = "g",
        string? rack = null)
    {
        var request = new ConsumerGroupHeartbeatRequest
        {
            GroupId = group,
            MemberId = member,
            MemberEpoch = epoch,
            InstanceId = instance,
            RackId = rack,
            RebalanceTimeoutMs = epoch == 0 ? 60_000 : -1,
            SubscribedTopicNames = names is null ? null : [.. names],
            SubscribedTopicRegex = regex,
            ServerAssignor = assignor,
            TopicPartitions = owned is not null ? [.. owned] : epoch == 0 ? [] : null,
        };
        return Send(request, version);
    }

    public ConsumerGroupHeartbeatResponse Send(ConsumerGroupHeartbeatRequest request, short version = 1) =>
        Ask<ConsumerGroupHeartbeatResponse>(t => Shard.Consumer.Heartbeat(t, request, version, new GroupClient("app", "/1.2.3.4"), new Uuid(0x4000, (ulong)t), MembersOfNode, Now));

    public ErrorCode ErrorOf(string member, int epoch, string? instance = null, ConsumerGroupHeartbeatRequest.TopicPartitionsEntry[]? owned = null) => Send(member, epoch, instance: instance, owned: owned).ErrorCode;

    public JoinGroupResponse JoinClassic(string member, string[] topics, string? instance = null, (string Topic, int[] Partitions)[]? owned = null, string protocol = "range")
    {
        long ticket = Input(t => Shard.Classic.Join(
            new JoinInput(
                t,
                new JoinGroupRequest
                {
                    GroupId = "g",
                    MemberId = member,
                    GroupInstanceId = instance,
                    SessionTimeoutMs = 30_000,
                    RebalanceTimeoutMs = 60_000,
                    ProtocolType = "consumer",
                    Protocols = [new JoinGroupRequest.JoinGroupRequestProtocol { Name = protocol, Metadata = Subscription(topics, owned ?? []) }],
                },
                3,
                new GroupClient("old", "/1.2.3.4"),
                new Uuid(0x4001, (ulong)t)),
            Now));
        Pass(0);
        return (JoinGroupResponse)_answers[ticket];
    }

    /// <summary>What the member is assigned, as text, or the error.</summary>
    public string SyncClassic(string member, int generation, (string Member, string Topic, int[] Partitions)[]? assignments = null)
    {
        SyncGroupResponse response = Ask<SyncGroupResponse>(t => Shard.Classic.Sync(
            t,
            new SyncGroupRequest
            {
                GroupId = "g",
                MemberId = member,
                GenerationId = generation,
                ProtocolType = "consumer",
                ProtocolName = "range",
                Assignments = [.. (assignments ?? []).Select(a => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = a.Member, Assignment = Assignment(a.Topic, a.Partitions) })],
            },
            Now));
        return response.ErrorCode != ErrorCode.None
            ? response.ErrorCode.ToString()
            : string.Join(' ', EmbeddedProtocol.ReadAssignment(response.Assignment)!.AssignedPartitions.Select(t => $"{t.Topic}:{string.Join(',', t.Partitions)}").Order(StringComparer.Ordinal));
    }

    public ErrorCode BeatClassic(string member, int generation) =>
        Ask<HeartbeatResponse>(t => Shard.Classic.Heartbeat(t, new HeartbeatRequest { GroupId = "g", MemberId = member, GenerationId = generation }, Now)).ErrorCode;

    public LeaveGroupResponse LeaveClassic(params string[] members) =>
        Ask<LeaveGroupResponse>(t => Shard.Classic.Leave(t, new LeaveGroupRequest { GroupId = "g", Members = [.. members.Select(m => new LeaveGroupRequest.MemberIdentity { MemberId = m })] }, Now));

    public ConsumerGroupDescribeResponse.DescribedGroup Describe(string group = "g") =>
        Ask<ConsumerGroupDescribeResponse>(t => Shard.Consumer.Describe(t, [group])).Groups[0];

    public T Ask<T>(Action<long> input) => (T)_answers[Input(input)];

    public bool IsAnswered(long ticket) => _answers.ContainsKey(ticket);

    public long Input(Action<long> input)
    {
        long ticket = ++_ticket;
        Step(() => input(ticket));
        return ticket;
    }

    /// <summary>Lets time pass, deadline by deadline.</summary>
    public void Pass(int ms)
    {
        TimeSpan end = _now + TimeSpan.FromMilliseconds(ms);
        while (Shard.NextDeadline is { } next && next <= end)
        {
            _now = next > _now ? next : _now;
            Step(() => Shard.Tick(Now));
        }

        _now = end;
    }

    /// <summary>Another node takes over: it reads the log through the records' bytes.</summary>
    public void FailOver()
    {
        Shard = new GroupShard(View);
        foreach (CoordinatorRecord record in Log)
        {
            Shard.Replay(record, null);
        }

        Step(() => Shard.OnLoaded(View, Now));
    }

    public void Commit()
    {
        Shard.OnCommitted(_write);
        foreach ((_, long ticket, object response) in _held)
        {
            _answers.Add(ticket, response);
        }

        _held.Clear();
        object[] awaited = [.. _awaited];
        _awaited.Clear();
        foreach (object token in awaited)
        {
            Step(() => Shard.OnWritten(token, ErrorCode.None, Now));
        }
    }

    /// <summary>What is not committed is undone.</summary>
    public void Fail(int records)
    {
        Shard.RevertTo(_write - 1);
        Log.RemoveRange(Log.Count - records, records);
        _held.Clear();
        _awaited.Clear();
    }

    public static byte[] Subscription(string[] topics, (string Topic, int[] Partitions)[] owned)
    {
        using var writer = new WireWriter();
        writer.WriteInt16(1);
        new ConsumerProtocolSubscription
        {
            Topics = [.. topics],
            UserData = null,
            OwnedPartitions = [.. owned.Select(o => new ConsumerProtocolSubscription.TopicPartition { Topic = o.Topic, Partitions = [.. o.Partitions] })],
        }.Write(writer, 1);
        return writer.WrittenMemory.ToArray();
    }

    private static byte[] Assignment(string topic, int[] partitions)
    {
        using var writer = new WireWriter();
        writer.WriteInt16(1);
        new ConsumerProtocolAssignment { AssignedPartitions = [new ConsumerProtocolAssignment.TopicPartition { Topic = topic, Partitions = [.. partitions] }], UserData = null }.Write(writer, 1);
        return writer.WrittenMemory.ToArray();
    }

    private string Name(Uuid id) => _topics.Find(id)?.Name ?? "?";

    private void Step(Action input)
    {
        int records = Log.Count;
        Shard.BeginWrite(++_write);
        input();
        while (Shard.TryTakeEffect(out ShardEffect? effect))
        {
            switch (effect)
            {
                case WriteRecord write:
                    Log.Add(Through(write.Record));
                    break;
                case Answer { AtOnce: true } answer:
                    _answers.Add(answer.Ticket, answer.Response);
                    break;
                case Answer answer:
                    _held.Add((_write, answer.Ticket, answer.Response));
                    break;
                case AwaitWritten wait:
                    _awaited.Add(wait.Token);
                    break;
                case Note note:
                    Notes.Add(note.Sentence);
                    break;
                default:
                    throw new InvalidOperationException($"an effect that no test expects: {effect}");
            }
        }

        if (LogRefuses && Log.Count > records)
        {
            object[] awaited = [.. _awaited];
            Fail(Log.Count - records);
            foreach (object token in awaited)
            {
                Step(() => Shard.OnWritten(token, ErrorCode.NotEnoughReplicas, Now));
            }
        }
        else if (CommitsAtOnce)
        {
            Commit();
        }
    }

    /// <summary>The record as it comes back from the disk.</summary>
    private static CoordinatorRecord Through(CoordinatorRecord record) => record.Value switch
    {
        ConsumerGroupMemberMetadataValue value => record with { Value = Copy(value) },
        ConsumerGroupCurrentMemberAssignmentValue value => record with { Value = Copy(value) },
        ConsumerGroupTargetAssignmentMemberValue value => record with { Value = Copy(value) },
        ConsumerGroupTargetAssignmentMetadataValue value => record with { Value = Copy(value) },
        ConsumerGroupMetadataValue value => record with { Value = Copy(value) },
        ConsumerGroupRegularExpressionValue value => record with { Value = Copy(value) },
        _ => record,
    };

    private static T Copy<T>(T value)
        where T : IMessage<T>
    {
        using var writer = new WireWriter();
        value.Write(writer, T.Highest);
        var reader = new WireReader(writer.WrittenMemory.ToArray());
        return T.Read(ref reader, T.Highest);
    }
}
