using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Offsets;

public class OffsetReplayTests
{
    private static readonly string[] s_names = ["a", "orders", "préférences", "注文", new('n', 249), ""];

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void The_fast_way_and_the_general_way_read_the_same(int seed)
    {
        var random = new Random(seed);
        var world = new OffsetWorld();
        GroupShard fast = new(world.View);
        GroupShard general = new(world.View);
        for (int i = 0; i < 3_000; i++)
        {
            CoordinatorRecord record = Any(random);
            TransactionalWriter? writer = random.Next(20) == 0 ? new TransactionalWriter(new ProducerId(random.Next(3)), 0) : null;
            OffsetWorld.Replay(fast, record, writer);
            OffsetWorld.Replay(general, record, writer, raw: false);
            if (random.Next(50) == 0)
            {
                var ended = new TransactionalWriter(new ProducerId(random.Next(3)), 0);
                bool commit = random.Next(2) == 0;
                fast.ReplayMarker(ended, commit);
                general.ReplayMarker(ended, commit);
            }
        }

        fast.OnLoaded(world.View, world.Now);
        general.OnLoaded(world.View, world.Now);
        Assert.Contains(s_names, g => fast.Offsets.HasAny(g));
        foreach (string group in s_names)
        {
            Assert.Equal(Told(general, group), Told(fast, group));
        }
    }

    [Fact]
    public void Bytes_that_end_too_early_are_left_to_the_general_way_and_change_nothing()
    {
        var world = new OffsetWorld();
        GroupShard shard = new(world.View);
        byte[] key = [0, 1, 0, 1, (byte)'g', 0, 1, (byte)'t', 0, 0, 0, 0];
        byte[] value = [0, 3, 0, 0, 0, 0, 0, 0, 0, 9, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        for (int length = 0; length < key.Length; length++)
        {
            Assert.False(shard.TryReplayRaw(key.AsSpan(0, length), value, false, null));
        }

        for (int length = 0; length < value.Length; length++)
        {
            Assert.False(shard.TryReplayRaw(key, value.AsSpan(0, length), false, null));
        }

        Assert.False(shard.Offsets.HasAny("g"));
        Assert.True(shard.TryReplayRaw(key, value, false, null));
        Assert.True(shard.Offsets.HasAny("g"));
    }

    [Fact]
    public void A_name_that_is_no_valid_text_is_found_by_what_it_is_read_as()
    {
        var world = new OffsetWorld();
        GroupShard shard = new(world.View);
        byte[] key = [0, 1, 0, 1, 0xFF, 0, 1, 0xFE, 0, 0, 0, 0];
        byte[] value = [0, 3, 0, 0, 0, 0, 0, 0, 0, 9, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

        Assert.True(shard.TryReplayRaw(key, value, false, null));
        Assert.True(shard.Offsets.HasAny("\uFFFD"));
        Assert.True(shard.TryReplayRaw(key, [], true, null));
        Assert.False(shard.Offsets.HasAny("\uFFFD"));
    }

    [Fact]
    public void Records_of_Kafkas_first_format_are_read()
    {
        var world = new OffsetWorld();
        world.Log.Add((
            new CoordinatorRecord(
                new LegacyOffsetCommitKey { Group = "g", Topic = "t", Partition = 1 },
                new LegacyOffsetCommitValue { Offset = 12, Metadata = "old", CommitTimestamp = world.NowMs },
                0),
            null,
            false));
        world.Reload();

        Assert.Equal(12, world.Fetch(1).Offset);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public void Any_mix_of_commits_deletions_and_failed_writes_agrees_with_maps_of_every_state(int seed)
    {
        var random = new Random(seed);
        var world = new OffsetWorld { CommitsAtOnce = false };
        Dictionary<int, long> committed = [];
        Dictionary<int, long> newest = [];
        bool isOpen = false;
        for (int i = 0; i < 2_000; i++)
        {
            int partition = random.Next(3);
            Dictionary<int, long> before = new(newest);
            switch (random.Next(4))
            {
                case 0:
                    world.Commit();
                    committed = new(newest);
                    continue;
                case 1:
                    world.Delete(OffsetWorld.Group, OffsetWorld.Topic, partition);
                    newest.Remove(partition);
                    break;
                default:
                    world.CommitOffset(partition, i);
                    newest[partition] = i;
                    break;
            }

            if (random.Next(5) == 0)
            {
                world.Revert();
                newest = before;
            }

            isOpen |= newest.Count > 0;
            for (int p = 0; p < 3 && world.Shard.Find(OffsetWorld.Group) is not null; p++)
            {
                Assert.Equal(committed.GetValueOrDefault(p, -1), world.Fetch(p).Offset);
            }

            Assert.Equal(newest.Count > 0, world.Shard.Offsets.HasAny(OffsetWorld.Group));
        }

        Assert.True(isOpen);
    }

    private static CoordinatorRecord Any(Random random)
    {
        var key = new OffsetCommitKey
        {
            Group = s_names[random.Next(s_names.Length)],
            Topic = s_names[random.Next(s_names.Length)],
            Partition = random.Next(10) == 0 ? random.Next() : random.Next(5),
        };
        if (random.Next(5) == 0)
        {
            return CoordinatorRecord.Tombstone(key);
        }

        short version = (short)random.Next(5);
        return new CoordinatorRecord(
            key,
            new OffsetCommitValue
            {
                Offset = random.NextInt64(),
                LeaderEpoch = version >= 3 ? random.Next(-1, 9) : -1,
                Metadata = new string('x', random.Next(3) == 0 ? random.Next(300) : 0),
                CommitTimestamp = random.NextInt64(),
                ExpireTimestamp = version == 1 ? random.NextInt64() : -1,
                TopicId = version == 4 && random.Next(2) == 0 ? new Uuid(1, 2) : Uuid.Zero,
            },
            version);
    }

    private static IEnumerable<string> Told(GroupShard shard, string group)
    {
        shard.Offsets.Fetch(1, new() { GroupId = group, Topics = null }, byId: false, requireStable: true);
        while (shard.TryTakeEffect(out ShardEffect? effect))
        {
            if (effect is Answer { Response: OffsetFetchResponse.OffsetFetchResponseGroup answer })
            {
                return answer.Topics.SelectMany(t => t.Partitions.Select(p => $"{t.Name}-{p.PartitionIndex} {p.CommittedOffset} {p.CommittedLeaderEpoch} {p.Metadata} {p.ErrorCode}")).Order(StringComparer.Ordinal);
            }
        }

        return [];
    }
}
