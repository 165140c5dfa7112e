using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Replication;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Tests.Coordinating;

/// <summary>How a shard is joined with its partition: two replicas, the first leads unless a test says otherwise.</summary>
public class ShardDriverTests
{
    private static readonly CoordinatorView s_view = new(new ClusterTopics(MetadataImage.Empty), new GroupSettings(), new TransactionSettings(), _ => null);

    private readonly ReplicaSet _replicas = new(1, 2);
    private readonly DelayQueue _delays;
    private readonly ShardServices<NoteShard> _services;
    private NoteShard _shard = null!;

    public ShardDriverTests()
    {
        _delays = new DelayQueue(_replicas.World.Time);
        _services = new ShardServices<NoteShard>(
            CoordinatorLog.Groups,
            _ => _shard = new NoteShard(),
            _replicas.World.Environment,
            _delays,
            () => CompressionCodec.None,
            TimeSpan.FromSeconds(5),
            NullLogger.Instance);
        _replicas.Elect(1, [1]);
    }

    [Fact]
    public void Requests_are_refused_until_the_partition_is_read()
    {
        ShardDriver<NoteShard> driver = Driver();
        Assert.Equal("CoordinatorLoadInProgress", Said(Put(driver, "a", 1)));
        driver.Load();
        Assert.Equal("CoordinatorLoadInProgress", Said(Put(driver, "a", 1)));
        Wait(() => _shard is { Heard.Count: > 0 });

        Assert.Equal("a=1", Said(Put(driver, "a", 1)));
        Assert.Equal(["loaded", "a: None"], _shard.Heard);
    }

    [Fact]
    public void An_answer_leaves_when_its_records_are_on_all_replicas_in_sync_and_reading_does_not_wait()
    {
        ShardDriver<NoteShard> driver = Loaded(isr: [1, 2]);
        ValueTask<string> put = Put(driver, "a", 1);
        ValueTask<string> behind = driver.Ask((shard, ticket, _) => shard.Get(ticket, "a", atOnce: false), e => $"{e}");

        Assert.False(put.IsCompleted);
        Assert.False(behind.IsCompleted);
        Assert.Null(_shard.Committed("a"));
        Assert.Equal("a is 1", Said(driver.Ask((shard, ticket, _) => shard.Get(ticket, "a", atOnce: true), e => $"{e}")));
        _replicas.CatchUp(2);
        Assert.Equal("a=1", Said(put));
        Assert.Equal("a is 1", Said(behind));
        Assert.Equal(1, _shard.Committed("a"));
    }

    [Fact]
    public void All_that_waits_is_appended_as_one_batch_and_transactional_records_as_their_own()
    {
        ShardDriver<NoteShard> driver = Loaded();
        ValueTask<string>[] waiting = [];
        driver.Tell((shard, _) =>
        {
            // From within a turn: these wait, as those of other connections would.
            waiting = [Put(driver, "a", 1), Put(driver, "b", 2), Put(driver, "c", 3, new TransactionalWriter(new ProducerId(7), 1)), Put(driver, "d", 4)];
        });

        Assert.Equal(["a=1", "b=2", "c=3", "d=4"], waiting.Select(Said));
        Assert.Equal("2 1(7/1) 1", Batches());
    }

    [Fact]
    public void What_could_not_be_appended_is_undone_and_refused()
    {
        ShardDriver<NoteShard> driver = Loaded();
        Assert.Equal("a=1", Said(Put(driver, "a", 1)));
        _replicas[1].Configure(_replicas[1].Config with { MinInsyncReplicas = 2 });

        Assert.Equal("CoordinatorNotAvailable", Said(Put(driver, "a", 2)));
        Assert.Equal(1, _shard["a"]);
        Assert.Contains("a: NotEnoughReplicas", _shard.Heard);
        _replicas[1].Configure(_replicas[1].Config with { MinInsyncReplicas = 1 });
        Assert.Equal("a=3", Said(Put(driver, "a", 3)));
    }

    [Fact]
    public void A_request_that_fails_leaves_nothing_behind_and_the_next_one_is_served()
    {
        ShardDriver<NoteShard> driver = Loaded();
        ValueTask<string> failed = driver.Ask(
            (shard, ticket, _) =>
            {
                shard.Put(ticket, "a", 1);
                throw new InvalidOperationException("broken");
            },
            e => $"{e}");

        Assert.Equal("UnknownServerError", Said(failed));
        Assert.Null(_shard["a"]);
        Assert.Equal("b=2", Said(Put(driver, "b", 2)));
        Assert.Equal("1", Batches());
    }

    [Fact]
    public void A_record_that_cannot_be_put_into_bytes_takes_nothing_else_with_it()
    {
        ShardDriver<NoteShard> driver = Loaded();
        ValueTask<string>[] waiting = [];
        driver.Tell((shard, _) =>
        {
            waiting =
            [
                Put(driver, "a", 1),
                driver.Ask(
                    (s, ticket, _) =>
                    {
                        s.Put(ticket, "b", 2);
                        s.Put(ticket, new string('x', 40_000), 2);
                    },
                    e => $"{e}"),
                Put(driver, "c", 3),
            ];
        });

        Assert.Equal(["a=1", "UnknownServerError", "c=3"], waiting.Select(Said));
        Assert.Equal((1L, null, 3L), (_shard["a"], _shard["b"], _shard["c"]));
        Assert.Equal("2", Batches());
        Assert.Equal("UnknownServerError", Said(Put(driver, new string('x', 40_000), 4)));
        Assert.Equal("d=5", Said(Put(driver, "d", 5)));
        Assert.Equal("2 1", Batches());
    }

    /// <summary>Some of its records went with the batch that was full, and the rest could not be appended: refused, and half of it in the log.</summary>
    [Fact]
    public void An_input_that_finds_the_batch_full_is_appended_whole_or_not_at_all()
    {
        ShardDriver<NoteShard> driver = Loaded();
        NoteShard loaded = _shard;
        _replicas[1].Configure(_replicas[1].Config with { Batches = _replicas[1].Config.Batches with { BatchBytesMax = 1200 } });
        int full = 0;
        ValueTask<string>[] puts = [], all = [];
        driver.Tell((_, _) => puts = [.. Enumerable.Range(0, 30).Select(i => Put(driver, $"p{i:D2}", i))]);
        Assert.All(puts, put => Assert.True(put.IsCompleted));
        full = int.Parse(Batches().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(full, 3, 25);
        ValueTask<string> Three(string name) => driver.Ask(
            (shard, ticket, _) =>
            {
                shard.Put(-1, $"{name}1", 1);
                shard.Put(-1, $"{name}2", 1);
                shard.Put(ticket, $"{name}3", 1);
            },
            e => $"{e}");
        string before = Batches();
        long? seen = -1;
        driver.Tell((_, _) =>
        {
            all = [.. Enumerable.Range(0, full - 1).Select(i => Put(driver, $"q{i:D2}", i)), Three("x"), Three("y")];
            driver.Tell((shard, _) =>
            {
                seen = shard.Committed("x1");
                _replicas[1].Configure(_replicas[1].Config with { MinInsyncReplicas = 2 });
            });
        });

        // The first batch went with those that were whole; the others are refused, and nothing of them was ever told.
        Assert.Equal($"{before} {full - 1}", Batches());
        Assert.Equal([.. Enumerable.Range(0, full - 1).Select(i => $"q{i:D2}={i}"), "CoordinatorNotAvailable", "CoordinatorNotAvailable"], all.Select(Said));
        Assert.Null(seen);
        Assert.Same(loaded, _shard);
        Assert.Equal((null, (long?)full - 2), (_shard["x1"], _shard.Committed($"q{full - 2:D2}")));

        _replicas[1].Configure(_replicas[1].Config with { MinInsyncReplicas = 1 });
        Assert.Equal("x3=1", Said(Three("x")));
        Assert.Equal(1, _shard.Committed("x1"));
    }

    [Fact]
    public void A_write_that_takes_too_long_is_answered_and_still_counts_when_it_is_committed()
    {
        ShardDriver<NoteShard> driver = Loaded(isr: [1, 2]);
        ValueTask<string> put = Put(driver, "a", 1);
        Wait(() => put.IsCompleted);

        Assert.Equal("CoordinatorNotAvailable", Said(put));
        Assert.Equal(1, _shard["a"]);
        Assert.Null(_shard.Committed("a"));
        _replicas.CatchUp(2);
        Assert.Equal(1, _shard.Committed("a"));
    }

    [Fact]
    public void The_shard_of_the_next_leader_knows_what_was_committed_and_the_old_one_refuses()
    {
        ShardDriver<NoteShard> old = Loaded(isr: [1, 2]);
        var writer = new TransactionalWriter(new ProducerId(7), 1);
        ValueTask<string>[] puts = [Put(old, "a", 1), Put(old, "b", 2, writer), old.Ask((shard, ticket, _) => shard.End(ticket, writer, true), e => $"{e}")];
        _replicas.CatchUp(2);
        Assert.Equal(["a=1", "b=2", "ended"], puts.Select(Said));
        ValueTask<string> late = Put(old, "a", 9);
        _replicas.Elect(2, [1, 2]);
        old.Close();

        Assert.Equal("NotCoordinator", Said(late));
        Assert.Equal("NotCoordinator", Said(Put(old, "a", 10)));
        var next = new ShardDriver<NoteShard>(_replicas[2], _replicas.Epoch, s_view, _services);
        next.Load();
        _replicas.World.RunUntil(() => false, TimeSpan.FromSeconds(1));
        _replicas.CatchUp(1);
        Wait(() => _shard.Heard.Count > 0);
        Assert.Equal((1L, 2L, 7L), (_shard["a"], _shard["b"], _shard["ended"]));
    }

    [Fact]
    public void What_was_read_counts_only_when_it_is_committed()
    {
        ShardDriver<NoteShard> old = Loaded(isr: [1, 2]);
        ValueTask<string> open = Put(old, "a", 1);
        _replicas.Elect(1, [1, 2]);
        old.Close();
        Assert.Equal("NotCoordinator", Said(open));
        NoteShard first = _shard;
        ShardDriver<NoteShard> next = Driver();
        next.Load();
        _replicas.World.RunUntil(() => false, TimeSpan.FromSeconds(1));

        // Another leader could still do without it.
        Assert.NotSame(first, _shard);
        Assert.Equal(1, _shard["a"]);
        Assert.Empty(_shard.Heard);
        Assert.Equal("CoordinatorLoadInProgress", Said(Put(next, "b", 2)));
        _replicas.CatchUp(2);
        Wait(() => _shard.Heard.Count > 0);
        Assert.Equal("waits", Said(Put(next, "b", 2)));
    }

    [Fact]
    public void A_shard_whose_partition_was_led_again_since_writes_nothing_in_the_new_leadership()
    {
        ShardDriver<NoteShard> old = Loaded();
        _replicas.Elect(1, [1]);

        Assert.Equal("NotCoordinator", Said(Put(old, "a", 1)));
        Assert.Equal("", Batches());
    }

    [Fact]
    public void A_coordinator_that_may_have_been_replaced_tells_nothing_until_it_knows_better()
    {
        ShardDriver<NoteShard> driver = Loaded();
        Assert.Equal("a=1", Said(Put(driver, "a", 1)));
        _replicas.IsLeaseHeld = false;
        ValueTask<string> Ask() => driver.Ask((shard, ticket, _) => shard.Get(ticket, "a", atOnce: true), e => $"{e}");

        Assert.Equal("NotCoordinator", Said(Ask()));
        _replicas.IsLeaseHeld = true;
        Assert.Equal("a is 1", Said(Ask()));
    }

    [Fact]
    public void A_deadline_wakes_the_shard_once()
    {
        ShardDriver<NoteShard> driver = Loaded();
        TimeSpan at = _services.Now.Monotonic + TimeSpan.FromSeconds(30);
        driver.Tell((shard, _) => shard.Alarm = at);
        Wait(() => _shard.Heard.Count > 1);

        Assert.Equal($"tick at {at.TotalSeconds:F0}", _shard.Heard[^1]);
        _replicas.World.RunUntil(() => false, TimeSpan.FromMinutes(5));
        Assert.Equal(2, _shard.Heard.Count);
    }

    [Fact]
    public void What_is_written_in_a_transaction_that_its_coordinator_was_not_asked_about_is_refused()
    {
        ShardDriver<NoteShard> driver = Loaded();

        Assert.Equal("InvalidTxnState", Said(driver.Ask((shard, ticket, _) => shard.Put(ticket, "a", 1, new TransactionalWriter(new ProducerId(7), 1)), e => $"{e}")));
        Assert.Null(_shard["a"]);
    }

    [Fact]
    public void Members_count_for_the_node_while_their_shard_is_loaded_and_led()
    {
        ShardDriver<NoteShard> driver = Loaded(isr: [1, 2]);
        Put(driver, "a", 1);
        Put(driver, "b", 2);
        Assert.Equal(2, _services.Heartbeating.Count);

        _replicas.Elect(1, [1, 2]);
        driver.Close();
        Assert.Equal(0, _services.Heartbeating.Count);
        ShardDriver<NoteShard> next = Driver();
        next.Load();
        _replicas.World.RunUntil(() => false, TimeSpan.FromSeconds(1));

        // It has read them, and they are not committed.
        Assert.Equal(2, _shard.Heartbeating);
        Assert.Equal(0, _services.Heartbeating.Count);
        _replicas.CatchUp(2);
        Wait(() => _shard.Heard.Count > 0);
        Assert.Equal(2, _services.Heartbeating.Count);
    }

    [Fact]
    public void Members_that_could_not_be_written_do_not_count_for_the_node()
    {
        ShardDriver<NoteShard> driver = Loaded();
        Put(driver, "a", 1);
        _replicas[1].Configure(_replicas[1].Config with { MinInsyncReplicas = 2 });
        Assert.Equal("CoordinatorNotAvailable", Said(Put(driver, "b", 2)));
        Assert.Equal(1, _services.Heartbeating.Count);
    }

    private static string Said(ValueTask<string> answer) => answer.IsCompleted ? answer.GetAwaiter().GetResult() : "waits";

    private static ValueTask<string> Put(ShardDriver<NoteShard> driver, string name, long offset, TransactionalWriter? writer = null) =>
        driver.Ask((shard, ticket, _) => shard.Put(ticket, name, offset, writer), e => $"{e}", VerificationGuard.NotNeeded);


    private ShardDriver<NoteShard> Driver() => new(_replicas[1], _replicas.Epoch, s_view, _services);

    private ShardDriver<NoteShard> Loaded(params int[] isr)
    {
        if (isr.Length > 0)
        {
            _replicas.Elect(1, isr);
        }

        ShardDriver<NoteShard> driver = Driver();
        driver.Load();
        Wait(() => _shard is { Heard.Count: > 0 });
        return driver;
    }

    private void Wait(Func<bool> until) => Assert.True(_replicas.World.RunUntil(until, TimeSpan.FromMinutes(2)));

    /// <summary>How many records each batch holds, and whose they are.</summary>
    private string Batches()
    {
        var log = _replicas[1].Log!;
        using var slice = log.Read(log.LogStart, 1 << 20, log.LogEndOffset, atLeastOneBatch: true);
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        var batches = new List<string>();
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            batches.Add($"{walk.Current.RecordCount}{(walk.Current.IsTransactional ? $"({walk.Current.ProducerId.Value}/{walk.Current.ProducerEpoch})" : "")}");
        }

        return string.Join(' ', batches);
    }
}
