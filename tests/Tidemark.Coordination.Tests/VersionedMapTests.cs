using Xunit;

namespace Tidemark.Coordination.Tests;

public class VersionedMapTests
{
    private readonly VersionClock _clock = new();
    private readonly VersionedMap<string, string> _map;

    public VersionedMapTests() => _map = new(_clock);

    [Fact]
    public void What_is_read_from_the_log_is_committed_at_once()
    {
        _map.Set("a", "1");

        Assert.Equal("1", _map.Find("a"));
        Assert.Equal("1", _map.FindCommitted("a"));
        Assert.False(_map.IsPending("a"));
    }

    [Fact]
    public void A_write_is_seen_by_decisions_before_it_is_committed_and_by_others_after()
    {
        _map.Set("a", "1");
        _clock.Begin(1);
        _map.Set("a", "2");
        _clock.Begin(2);
        _map.Set("a", null);
        _map.Set("b", "3");

        Assert.Null(_map.Find("a"));
        Assert.Equal("1", _map.FindCommitted("a"));
        Assert.Equal(["b"], _map.Newest.Select(e => e.Key));
        _clock.Commit(1);
        Assert.Null(_map.Find("a"));
        Assert.Equal("2", _map.FindCommitted("a"));
        _clock.Commit(2);
        Assert.Null(_map.FindCommitted("a"));
        Assert.Equal("3", _map.FindCommitted("b"));
    }

    [Fact]
    public void Undoing_a_write_brings_back_the_one_before_it_committed_or_not()
    {
        _clock.Begin(1);
        _map.Set("a", "1");
        _clock.Begin(2);
        _map.Set("a", "2");
        _map.Set("b", "2");
        _clock.RevertTo(1);

        Assert.Equal("1", _map.Find("a"));
        Assert.Null(_map.Find("b"));
        Assert.True(_map.IsPending("a"));
        _clock.Commit(1);
        Assert.Equal("1", _map.FindCommitted("a"));
        Assert.False(_map.IsPending("a"));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Any_mix_of_writes_commits_and_reverts_agrees_with_a_map_that_keeps_every_state(int seed)
    {
        var random = new Random(seed);
        var weighed = new VersionedMap<string, string>(_clock, weight: value => value.Length);
        var states = new List<Dictionary<string, string>> { new() };
        int committed = 0;
        for (int step = 0; step < 2_000; step++)
        {
            int newest = states.Count - 1;
            switch (random.Next(4))
            {
                case 0 when committed < newest:
                    committed = random.Next(committed, newest + 1);
                    _clock.Commit(committed);
                    break;
                case 1 when random.Next(3) == 0:
                    int back = random.Next(committed, newest + 1);
                    states.RemoveRange(back + 1, newest - back);
                    _clock.RevertTo(back);
                    break;
                default:
                    var next = new Dictionary<string, string>(states[^1]);
                    _clock.Begin(states.Count);
                    for (int i = random.Next(4); i >= 0; i--)
                    {
                        string key = $"k{random.Next(6)}";
                        string? value = random.Next(3) == 0 ? null : $"v{step}.{i}";
                        _map.Set(key, value);
                        weighed.Set(key, value);
                        next.Remove(key);
                        if (value is not null)
                        {
                            next[key] = value;
                        }
                    }

                    states.Add(next);
                    break;
            }

            Assert.Equal(states[^1].OrderBy(e => e.Key), _map.Newest.OrderBy(e => e.Key));
            Assert.Equal(states[committed].OrderBy(e => e.Key), _map.Committed.OrderBy(e => e.Key));
            Assert.Equal(states[^1].Values.Sum(value => value.Length), weighed.Weight);
            for (int i = 0; i < 6; i++)
            {
                Assert.Equal(states[^1].GetValueOrDefault($"k{i}"), _map.Find($"k{i}"));
            }
        }
    }
}
