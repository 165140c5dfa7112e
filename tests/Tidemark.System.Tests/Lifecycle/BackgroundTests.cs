using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Server.Lifecycle;
using Tidemark.Server.Logging;
using Xunit;

namespace Tidemark.System.Tests.Lifecycle;

public class BackgroundTests
{
    [Fact]
    public async Task A_thread_of_its_own_runs_what_is_posted_in_order_and_goes_on_after_a_failure()
    {
        using var written = new MemoryStream();
        var logs = new StreamLoggerFactory(written, new TextLogFormat(false), new LogLevels(LogLevel.Information), TimeProvider.System);
        using var thread = new WorkThread("test", new ThreadPoolBackground(logs));
        var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        string order = "";
        thread.Post("first", () => order += "1");
        thread.Post("second", () => throw new InvalidOperationException("on purpose"));
        thread.Post("third", () => done.SetResult(order + $"3 on {Thread.CurrentThread.Name}"));

        Assert.Equal("13 on test", await done.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("Background work failed: second", global::System.Text.Encoding.UTF8.GetString(written.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_timers_fire_there_in_the_order_of_their_deadlines_and_not_when_changed_or_disposed()
    {
        using var thread = new WorkThread("test", new ThreadPoolBackground(NullLoggerFactory.Instance));
        var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var set = new TaskCompletionSource();
        string order = "";
        int beats = 0;
        ITimer? changed = null, disposed = null, beat = null;
        thread.Post("set the timers", () =>
        {
            // Nothing fires while this runs, so that only their deadlines order them.
            changed = thread.Time.CreateTimer(_ => order += "changed ", null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
            disposed = thread.Time.CreateTimer(_ => order += "disposed ", null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
            thread.Time.CreateTimer(_ => order += "second ", null, TimeSpan.FromMilliseconds(3), Timeout.InfiniteTimeSpan);
            thread.Time.CreateTimer(s => order += s, "first ", TimeSpan.FromMilliseconds(2), Timeout.InfiniteTimeSpan);
            beat = thread.Time.CreateTimer(
                _ =>
                {
                    if (++beats == 3)
                    {
                        done.SetResult(order + Thread.CurrentThread.Name);
                    }
                },
                null,
                TimeSpan.FromMilliseconds(4),
                TimeSpan.FromMilliseconds(1));
            Assert.True(changed.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
            disposed.Dispose();
            Assert.False(disposed.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
            set.SetResult();
        });

        await set.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("first second test", await done.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        beat!.Dispose();
    }

    [Fact]
    public async Task What_was_posted_before_it_ends_still_runs_and_its_timers_do_not()
    {
        var thread = new WorkThread("test", new ThreadPoolBackground(NullLoggerFactory.Instance));
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool fired = false;
        thread.Post("first", () =>
        {
            thread.Time.CreateTimer(_ => fired = true, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            thread.Dispose();
        });
        thread.Post("second", () => done.SetResult(fired));

        Assert.False(await done.Task.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task What_is_posted_when_the_thread_has_ended_is_not_lost()
    {
        var thread = new WorkThread("test", new ThreadPoolBackground(NullLoggerFactory.Instance));
        var own = new TaskCompletionSource<Thread>(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        thread.Post("first", () => own.SetResult(Thread.CurrentThread));
        thread.Dispose();
        Assert.True((await own.Task).Join(TimeSpan.FromSeconds(60)));
        thread.Post("late", late.SetResult);
        await late.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(15_000, 2)]
    [InlineData(20_000, 2)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(-10_000, -1)]
    public void A_timer_is_set_to_the_next_whole_millisecond(long ticks, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), SystemTime.Up(TimeSpan.FromTicks(ticks)));
}
