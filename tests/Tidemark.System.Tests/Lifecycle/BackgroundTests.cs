using Microsoft.Extensions.Logging;
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

    [Theory]
    [InlineData(15_000, 2)]
    [InlineData(20_000, 2)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(-10_000, -1)]
    public void A_timer_is_set_to_the_next_whole_millisecond(long ticks, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), SystemTime.Up(TimeSpan.FromTicks(ticks)));
}
