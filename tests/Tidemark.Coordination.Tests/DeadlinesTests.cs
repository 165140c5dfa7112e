using Xunit;

namespace Tidemark.Coordination.Tests;

public class DeadlinesTests
{
    private readonly Deadlines<string> _deadlines = new();

    [Fact]
    public void Deadlines_are_taken_in_the_order_of_their_times_and_no_earlier()
    {
        _deadlines.Set("late", Ms(30));
        _deadlines.Set("soon", Ms(10));
        _deadlines.Set("soon too", Ms(10));

        Assert.Equal(Ms(10), _deadlines.Next);
        Assert.Empty(Due(9));
        Assert.Equal(["soon", "soon too"], Due(29));
        Assert.Equal(["late"], Due(30));
        Assert.Null(_deadlines.Next);
    }

    [Fact]
    public void A_deadline_can_be_moved_both_ways_and_cancelled()
    {
        _deadlines.Set("moved later", Ms(10));
        _deadlines.Set("moved later", Ms(30));
        _deadlines.Set("moved earlier", Ms(50));
        _deadlines.Set("moved earlier", Ms(20));
        _deadlines.Set("cancelled", Ms(5));

        Assert.True(_deadlines.Cancel("cancelled"));
        Assert.Equal(["moved earlier"], Due(29));
        Assert.Equal(["moved later"], Due(50));
        Assert.Empty(Due(100));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Any_mix_of_settings_agrees_with_a_plain_table(int seed)
    {
        var random = new Random(seed);
        var plain = new Dictionary<string, int>();
        for (int now = 0; now < 3_000; now++)
        {
            string key = $"k{random.Next(20)}";
            if (random.Next(4) == 0)
            {
                plain.Remove(key);
                _deadlines.Cancel(key);
            }
            else
            {
                plain[key] = now + random.Next(200);
                _deadlines.Set(key, Ms(plain[key]));
            }

            string[] expected = [.. plain.Where(d => d.Value <= now).Select(d => d.Key).Order()];
            Assert.True(expected.SequenceEqual(Due(now).Order()), $"seed {seed}, at {now}");
            Assert.True(plain.Count == 0 || _deadlines.Next <= Ms(plain.Where(d => d.Value > now).Select(d => d.Value).DefaultIfEmpty(int.MaxValue).Min()));
            foreach (string due in expected)
            {
                plain.Remove(due);
            }
        }
    }

    private static TimeSpan Ms(int ms) => TimeSpan.FromMilliseconds(ms);

    private List<string> Due(int now)
    {
        var due = new List<string>();
        while (_deadlines.TryTakeDue(Ms(now), out string? key))
        {
            due.Add(key);
        }

        return due;
    }
}
