using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Offsets;

/// <summary>A shard without a broker: what it writes goes to a list, and is committed when the test says so.</summary>
internal sealed class OffsetWorld
{
    public const string Group = "g";
    public const string Topic = "t";

    private readonly List<(long Write, long Ticket, object Response)> _held = [];
    private readonly Dictionary<long, object> _answers = [];
    private long _write;
    private long _ticket;

    public OffsetWorld()
    {
        Shard = new GroupShard(View);
        Shard.OnLoaded(View, Now);
    }

    public GroupShard Shard { get; private set; }

    public KnownTopics Topics { get; private set; } = new(KnownTopics.Topic(Topic, 7), KnownTopics.Topic("u", 8, 1));

    public GroupSettings Settings { get; set; } = new();

    public long NowMs { get; set; } = 1_000_000;

    /// <summary>All that was written, in order; a marker has no record.</summary>
    public List<(CoordinatorRecord? Record, TransactionalWriter? Writer, bool Commit)> Log { get; } = [];

    /// <summary>When off, what is written stays uncommitted until <see cref="Commit"/>.</summary>
    public bool CommitsAtOnce { get; set; } = true;

    public CoordinatorView View => new(Topics, Settings, new TransactionSettings(), _ => null);

    public ShardTime Now => new(TimeSpan.FromMilliseconds(NowMs), NowMs);

    /// <summary>Asks; null while the answer waits for what was written.</summary>
    public T? Ask<T>(Action<GroupShard, long, ShardTime> input)
        where T : class
    {
        long ticket = ++_ticket;
        Feed((shard, now) => input(shard, ticket, now));
        return Answer<T>(ticket);
    }

    public long LastTicket => _ticket;

    public T? Answer<T>(long ticket)
        where T : class => (T?)_answers.GetValueOrDefault(ticket);

    public void Feed(Action<GroupShard, ShardTime> input)
    {
        Shard.BeginWrite(++_write);
        input(Shard, Now);
        while (Shard.TryTakeEffect(out ShardEffect? effect))
        {
            switch (effect)
            {
                case WriteRecord write:
                    Log.Add((write.Record, write.Writer, false));
                    break;
                case WriteMarker marker:
                    Log.Add((null, marker.Writer, marker.Commit));
                    break;
                case Answer { AtOnce: true } answer:
                    _answers.Add(answer.Ticket, answer.Response);
                    break;
                case Answer answer:
                    _held.Add((_write, answer.Ticket, answer.Response));
                    break;
            }
        }

        if (CommitsAtOnce)
        {
            Commit();
        }
    }

    public void Commit()
    {
        Shard.OnCommitted(_write);
        foreach ((_, long ticket, object response) in _held)
        {
            _answers.Add(ticket, response);
        }

        _held.Clear();
    }

    /// <summary>The last input's records were not appended.</summary>
    public void Revert()
    {
        Shard.RevertTo(_write - 1);
        _held.RemoveAll(h => h.Write == _write);
    }

    /// <summary>The end of a producer's transaction, as its coordinator has it written.</summary>
    public void End(long producer, bool commit) => Feed((shard, _) =>
    {
        var writer = new TransactionalWriter(new ProducerId(producer), 0);
        shard.ReplayMarker(writer, commit);
        Log.Add((null, writer, commit));
    });

    /// <summary>Another node takes over and reads all that was written.</summary>
    public void Reload()
    {
        Shard = new GroupShard(View);
        foreach ((CoordinatorRecord? record, TransactionalWriter? writer, bool commit) in Log)
        {
            if (record is { } written)
            {
                Replay(Shard, written, writer);
            }
            else
            {
                Shard.ReplayMarker(writer!.Value, commit);
            }
        }

        _write = 0;
        Shard.OnLoaded(View, Now);
    }

    public void SetTopics(KnownTopics topics)
    {
        Topics = topics;
        Feed((shard, now) => shard.OnView(View, now));
    }

    /// <summary>Lets time pass, and the shard do what is due.</summary>
    public void Pass(TimeSpan time)
    {
        NowMs += (long)time.TotalMilliseconds;
        if (Shard.NextDeadline <= Now.Monotonic)
        {
            Feed((shard, now) => shard.Tick(now));
        }
    }

    public ErrorCode CommitOffset(int partition, long offset, string? metadata = null, string group = Group, string topic = Topic, short version = 9, int generation = -1, string member = "", long retention = -1)
    {
        var asked = new OffsetCommitRequest
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = generation,
            MemberId = member,
            RetentionTimeMs = retention,
            Topics = [new() { Name = topic, TopicId = Topics.Find(topic)?.Id ?? Uuid.Zero, Partitions = [new() { PartitionIndex = partition, CommittedOffset = offset, CommittedMetadata = metadata }] }],
        };
        OffsetCommitResponse? response = Ask<OffsetCommitResponse>((shard, ticket, now) => shard.Offsets.Commit(ticket, asked, version, now));
        return response is null ? ErrorCode.None : Assert.Single(Assert.Single(response.Topics).Partitions).ErrorCode;
    }

    public ErrorCode CommitInTransaction(long producer, int partition, long offset, string group = Group, int generation = -1, string member = "")
    {
        var asked = new TxnOffsetCommitRequest
        {
            TransactionalId = "x",
            GroupId = group,
            ProducerId = producer,
            GenerationId = generation,
            MemberId = member,
            Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = partition, CommittedOffset = offset }] }],
        };
        TxnOffsetCommitResponse? response = Ask<TxnOffsetCommitResponse>((shard, ticket, now) => shard.Offsets.CommitInTransaction(ticket, asked, 4, now));
        return response is null ? ErrorCode.None : Assert.Single(Assert.Single(response.Topics).Partitions).ErrorCode;
    }

    /// <summary>The committed offset and the error of a partition.</summary>
    public (long Offset, ErrorCode Error) Fetch(int partition, string group = Group, string topic = Topic, bool stable = false)
    {
        OffsetFetchResponse.OffsetFetchResponseGroup? answer = FetchGroup(
            new() { GroupId = group, Topics = [new() { Name = topic, PartitionIndexes = [partition] }] }, byId: false, stable);
        OffsetFetchResponse.OffsetFetchResponsePartitions found = Assert.Single(Assert.Single(answer!.Topics).Partitions);
        return (found.CommittedOffset, found.ErrorCode);
    }

    public OffsetFetchResponse.OffsetFetchResponseGroup? FetchGroup(OffsetFetchRequest.OffsetFetchRequestGroup asked, bool byId = false, bool stable = false) =>
        Ask<OffsetFetchResponse.OffsetFetchResponseGroup>((shard, ticket, _) => shard.Offsets.Fetch(ticket, asked, byId, stable));

    public OffsetDeleteResponse Delete(string group, string topic, params int[] partitions)
    {
        var asked = new OffsetDeleteRequest
        {
            GroupId = group,
            Topics = [new() { Name = topic, Partitions = [.. partitions.Select(p => new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = p })] }],
        };
        return Ask<OffsetDeleteResponse>((shard, ticket, _) => shard.Offsets.Delete(ticket, asked))!;
    }

    /// <summary>Gives a shard a record as its bytes stand in a log, as loading does.</summary>
    public static void Replay(GroupShard shard, in CoordinatorRecord record, TransactionalWriter? writer, bool raw = true)
    {
        using var key = new WireWriter();
        using var value = new WireWriter();
        CoordinatorRecordFrame.WriteKey(key, record.Key);
        if (record.Value is not null)
        {
            CoordinatorRecordFrame.WriteValue(value, record.Value, record.ValueVersion);
        }

        byte[] keyBytes = key.WrittenSpan.ToArray();
        byte[] valueBytes = value.WrittenSpan.ToArray();
        if (!raw || !shard.TryReplayRaw(keyBytes, valueBytes, record.Value is null, writer))
        {
            ICoordinatorKey read = CoordinatorRecordFrame.ReadKey(CoordinatorLog.Groups, keyBytes);
            ICoordinatorValue? readValue = record.Value is null ? null : CoordinatorRecordFrame.ReadValue(CoordinatorLog.Groups, read.RecordType, valueBytes);
            shard.Replay(new CoordinatorRecord(read, readValue, 0), writer);
        }
    }
}
