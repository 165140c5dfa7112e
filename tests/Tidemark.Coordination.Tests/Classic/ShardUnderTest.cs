using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Tests.Classic;

/// <summary>A shard of groups with a log in memory, a clock that the test turns, and the answers by ticket.</summary>
internal sealed class ShardUnderTest
{
    private readonly Dictionary<long, object> _answers = [];
    private readonly List<(long Write, long Ticket, object Response)> _held = [];
    private readonly List<(long Write, object Token)> _awaited = [];
    private readonly List<CoordinatorRecord> _pending = [];
    private long _write;
    private long _committed;
    private long _ticket;
    private ulong _fresh;
    private TimeSpan _now = TimeSpan.FromHours(1);

    public ShardUnderTest(GroupSettings? settings = null, IEnumerable<CoordinatorRecord>? log = null)
    {
        Log.AddRange(log ?? []);
        View = new CoordinatorView(new NoTopics(), settings ?? new(), new(), _ => null);
        Shard = new GroupShard(View);
        foreach (CoordinatorRecord record in Log)
        {
            Shard.Replay(record, null);
        }

        Step(() => Shard.OnLoaded(View, Now));
    }

    public GroupShard Shard { get; }

    public CoordinatorView View { get; }

    /// <summary>What was appended, committed or not.</summary>
    public List<CoordinatorRecord> Log { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>Off: what is written stays uncommitted until <see cref="Commit"/> or <see cref="Fail"/>.</summary>
    public bool CommitsAtOnce { get; set; } = true;

    public ShardTime Now => new(_now, 1_700_000_000_000 + (long)_now.TotalMilliseconds);

    public ClassicGroup Group(string id = "g") => Shard.Classic.FindClassic(id)!;

    public GroupMetadataValue? Stored(string id = "g") =>
        (GroupMetadataValue?)Log.Last(r => r.Key is GroupMetadataKey key && key.Group == id).Value;

    public bool IsAnswered(long ticket) => _answers.ContainsKey(ticket);

    public T Answer<T>(long ticket) => (T)_answers[ticket];

    public long Ask(Action<long> input)
    {
        long ticket = ++_ticket;
        Step(() => input(ticket));
        return ticket;
    }

    public T AskNow<T>(Action<long> input) => Answer<T>(Ask(input));

    public long Join(
        string member = "",
        string group = "g",
        string? instance = null,
        short version = 9,
        int sessionMs = 10_000,
        int rebalanceMs = 60_000,
        string type = "consumer",
        string? reason = null,
        string client = "c",
        params (string Name, string Metadata)[] protocols)
    {
        if (protocols.Length == 0)
        {
            protocols = [("range", "m")];
        }

        var request = new JoinGroupRequest
        {
            GroupId = group,
            MemberId = member,
            GroupInstanceId = instance,
            SessionTimeoutMs = sessionMs,
            RebalanceTimeoutMs = rebalanceMs,
            ProtocolType = type,
            Reason = reason,
            Protocols = [.. protocols.Select(p => new JoinGroupRequest.JoinGroupRequestProtocol { Name = p.Name, Metadata = Bytes(p.Metadata) })],
        };
        return Ask(t => Shard.Classic.Join(new(t, request, version, new(client, "/host"), new Uuid(0x0000_0000_0000_4000, ++_fresh)), Now));
    }

    public long Sync(string member, int generation, string group = "g", string? instance = null, string? type = "consumer", string? name = "range", params (string Member, string What)[] assignment) =>
        Ask(t => Shard.Classic.Sync(
            t,
            new()
            {
                GroupId = group,
                MemberId = member,
                GenerationId = generation,
                GroupInstanceId = instance,
                ProtocolType = type,
                ProtocolName = name,
                Assignments = [.. assignment.Select(a => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = a.Member, Assignment = Bytes(a.What) })],
            },
            Now));

    public ErrorCode Heartbeat(string member, int generation, string group = "g", string? instance = null) =>
        AskNow<HeartbeatResponse>(t => Shard.Classic.Heartbeat(t, new() { GroupId = group, MemberId = member, GenerationId = generation, GroupInstanceId = instance }, Now)).ErrorCode;

    public LeaveGroupResponse Leave(params (string Member, string? Instance)[] members) =>
        AskNow<LeaveGroupResponse>(t => Shard.Classic.Leave(t, new() { GroupId = "g", Members = [.. members.Select(m => new LeaveGroupRequest.MemberIdentity { MemberId = m.Member, GroupInstanceId = m.Instance })] }, Now));

    public DescribeGroupsResponse.DescribedGroup Describe(string group = "g", short version = 6) =>
        AskNow<DescribeGroupsResponse>(t => Shard.Classic.Describe(t, [group], version)).Groups[0];

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

    /// <summary>A member that joined a group of its own and has its assignment.</summary>
    public string Alone(string? instance = null, string group = "g", int sessionMs = 10_000)
    {
        long join = Join(group: group, instance: instance, version: 3, sessionMs: sessionMs);
        Pass(View.Groups.InitialRebalanceDelayMs);
        string member = Answer<JoinGroupResponse>(join).MemberId;
        Sync(member, 1, group, assignment: (member, "a1"));
        return member;
    }

    /// <summary>Members in one generation with their assignments; the first leads.</summary>
    public string[] Together(int count, params string?[] instances)
    {
        long[] joins = [.. Enumerable.Range(0, count).Select(i => Join(instance: instances.ElementAtOrDefault(i), version: 3, client: $"c{i}"))];
        Pass(2 * View.Groups.InitialRebalanceDelayMs);
        string[] members = [.. joins.Select(j => Answer<JoinGroupResponse>(j).MemberId)];
        foreach (string member in members.Reverse())
        {
            Sync(member, 1, assignment: member == members[0] ? [.. members.Select((m, i) => (m, $"a{i}"))] : []);
        }

        return members;
    }

    public void Commit()
    {
        _committed = _write;
        Shard.OnCommitted(_write);
        Release(ErrorCode.None);
        _pending.Clear();
        (long Write, object Token)[] awaited = [.. _awaited];
        _awaited.Clear();
        Tell(awaited, ErrorCode.None);
    }

    /// <summary>What is not committed fails to be appended.</summary>
    /// <param name="meanwhile">What comes before the shard is told.</param>
    public void Fail(ErrorCode error, Action? meanwhile = null)
    {
        Shard.RevertTo(_committed);
        Log.RemoveRange(Log.Count - _pending.Count, _pending.Count);
        _pending.Clear();
        (long Write, object Token)[] awaited = [.. _awaited];
        _awaited.Clear();
        Release(error);
        meanwhile?.Invoke();
        Tell(awaited, error);
    }

    public static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);

    private void Step(Action input)
    {
        Shard.BeginWrite(++_write);
        input();
        Drain();
        if (CommitsAtOnce)
        {
            Commit();
        }
    }

    private void Drain()
    {
        while (Shard.TryTakeEffect(out ShardEffect? effect))
        {
            switch (effect)
            {
                case WriteRecord write:
                    Log.Add(write.Record);
                    _pending.Add(write.Record);
                    break;
                case Answer { AtOnce: true } answer:
                    _answers.Add(answer.Ticket, answer.Response);
                    break;
                case Answer answer:
                    _held.Add((_write, answer.Ticket, answer.Response));
                    break;
                case AwaitWritten wait:
                    _awaited.Add((_write, wait.Token));
                    break;
                case Note note:
                    Notes.Add(note.Sentence);
                    break;
                default:
                    throw new InvalidOperationException($"an effect that no test expects: {effect}");
            }
        }
    }

    /// <summary>Gives those who wait for the log their answers, or the error.</summary>
    private void Release(ErrorCode error)
    {
        foreach ((_, long ticket, object response) in _held)
        {
            _answers.Add(ticket, error == ErrorCode.None ? response : error);
        }

        _held.Clear();
    }

    private void Tell((long Write, object Token)[] awaited, ErrorCode error)
    {
        foreach ((_, object token) in awaited)
        {
            Step(() => Shard.OnWritten(token, error, Now));
        }
    }

    private sealed class NoTopics : ICoordinatorTopics
    {
        public IEnumerable<CoordinatorTopic> All => [];

        public CoordinatorTopic? Find(string name) => null;

        public CoordinatorTopic? Find(Uuid id) => null;
    }
}
