using Tidemark.Broker.Runtime;
using Tidemark.Simulator;

namespace Tidemark.Broker.Tests.Runtime;

/// <summary>What is finished before its deadline is counted, so that it is thrown out when it is half of what the queue holds.</summary>
public sealed class DelayQueueTests : IDisposable
{
    /// <summary>Fewer left over than 1,024 are kept.</summary>
    private const int Many = 1100;

    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time = new();
    private readonly DelayQueue _queue;

    public DelayQueueTests() => _queue = new DelayQueue(_time);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void What_is_finished_is_thrown_out_before_its_deadline()
    {
        FinishMany();
        Assert.InRange(_queue.Held, 0, Many - 1024);
    }

    /// <summary>It does not come in: nobody has counted it, and when it went out again that many others were forgotten.</summary>
    [Fact]
    public void What_was_finished_before_it_comes_leaves_the_count_as_it_is()
    {
        for (int i = 0; i < Many; i++)
        {
            var early = new Item();
            Assert.True(early.TryFinish());
            _queue.Add(early, s_soon);
        }

        Assert.Equal(0, _queue.Held);
        var last = new Item();
        _queue.Add(last, s_soon);
        _time.RunUntil(() => last.HasExpired, s_soon * 2);
        Assert.True(last.HasExpired);

        FinishMany();
        Assert.InRange(_queue.Held, 0, Many - 1024);
    }

    [Fact]
    public void What_expired_or_was_finished_at_its_deadline_is_no_longer_counted()
    {
        Item[] items = [.. Enumerable.Range(0, Many).Select(_ => new Item())];
        foreach (Item each in items)
        {
            _queue.Add(each, s_soon);
        }

        // Not enough of them to be thrown out at once: they go with the others, at their deadline.
        foreach (Item each in items.Take(1000))
        {
            each.TryFinish();
        }

        Assert.Equal(Many, _queue.Held);
        _time.RunUntil(() => items[^1].HasExpired, s_soon * 2);
        Assert.Equal((0, Many - 1000), (_queue.Held, items.Count(each => each.HasExpired)));

        // Were the thousand still counted, these would be too many.
        foreach (Item each in items[..100].Select(_ => new Item()))
        {
            _queue.Add(each, s_soon);
            each.TryFinish();
        }

        Assert.Equal(100, _queue.Held);
    }

    private void FinishMany()
    {
        for (int i = 0; i < Many; i++)
        {
            var item = new Item();
            _queue.Add(item, s_soon);
            item.TryFinish();
        }
    }

    private sealed class Item : Delayed
    {
        public bool HasExpired { get; private set; }

        protected internal override void OnExpired() => HasExpired = true;
    }
}
