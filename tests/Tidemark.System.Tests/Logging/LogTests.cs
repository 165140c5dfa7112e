using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tidemark.Server.Logging;

namespace Tidemark.System.Tests.Logging;

public sealed class LogTests
{
    private readonly MemoryStream _written = new();

    [Fact]
    public void A_level_set_for_an_area_holds_below_it_and_nowhere_else()
    {
        var levels = new LogLevels(LogLevel.Information);
        Assert.True(levels.TryChange("storage=debug"));
        ILoggerFactory logs = new StreamLoggerFactory(_written, new TextLogFormat(false), levels, TimeProvider.System);
        logs.CreateLogger("Tidemark.Storage").LogDebug("one");
        logs.CreateLogger("Tidemark.Storage.Logs").LogDebug("two");
        logs.CreateLogger("Tidemark.Broker").LogDebug("three");
        string text = Text();
        Assert.Contains("debug storage    one", text);
        Assert.Contains("two", text);
        Assert.DoesNotContain("three", text);
    }

    [Fact]
    public void A_level_that_changes_reaches_loggers_that_exist()
    {
        var levels = new LogLevels(LogLevel.Warning);
        ILogger log = new StreamLoggerFactory(_written, new TextLogFormat(false), levels, TimeProvider.System).CreateLogger("Tidemark.Network");
        log.LogInformation("before");
        Assert.True(levels.TryChange("info"));
        log.LogInformation("after");
        Assert.DoesNotContain("before", Text());
        Assert.Contains("after", Text());
    }

    [Theory]
    [InlineData("storage=loud")]
    [InlineData("")]
    [InlineData("=")]
    public void What_names_no_level_is_refused(string text) => Assert.False(new LogLevels(LogLevel.Information).TryChange(text));

    [Fact]
    public void Json_lines_carry_the_fields_by_name()
    {
        ILogger log = new StreamLoggerFactory(_written, new JsonLogFormat(), new LogLevels(LogLevel.Information), TimeProvider.System).CreateLogger("Tidemark.Storage");
        log.LogWarning(new EventId(12, "Cut"), new InvalidOperationException("why"), "cut {File} at {Position}", "a \"b\"", 42L);
        JsonElement line = JsonDocument.Parse(Text()).RootElement;
        Assert.Equal("warn", line.GetProperty("level").GetString());
        Assert.Equal("storage", line.GetProperty("area").GetString());
        Assert.Equal("cut a \"b\" at 42", line.GetProperty("message").GetString());
        Assert.Equal(12, line.GetProperty("event").GetInt32());
        Assert.Equal(42, line.GetProperty("fields").GetProperty("Position").GetInt64());
        Assert.Equal("a \"b\"", line.GetProperty("fields").GetProperty("File").GetString());
        Assert.Contains("why", line.GetProperty("exception").GetString());
    }

    [Fact]
    public void A_log_whose_reader_is_gone_does_not_throw()
    {
        var closed = new ClosedPipe();
        new StreamLoggerFactory(closed, new TextLogFormat(false), new LogLevels(LogLevel.Information), TimeProvider.System).CreateLogger("x").LogError("lost");
        Assert.Equal(1, closed.Writes);
    }

    private string Text() => Encoding.UTF8.GetString(_written.ToArray());

    private sealed class ClosedPipe : MemoryStream
    {
        public int Writes { get; private set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Writes++;
            throw new IOException("broken pipe");
        }
    }
}
