using System.CommandLine;
using Tidemark.Commands.Perf.Latency;
using Tidemark.Parsing;

namespace Tidemark.Commands.Perf;

/// <summary><c>tidemark perf latency</c>: from the producer's call to the consumer's hands, at a fixed rate.</summary>
internal static class PerfLatencyCommand
{
    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic to write to and read from." };
        var rate = new Option<double>("--rate") { Description = "Records in a second.", HelpName = "N", DefaultValueFactory = _ => 500 }.From(0.001);
        var seconds = new Option<double>("--seconds") { Description = "How long.", HelpName = "N", DefaultValueFactory = _ => 10 }.Between(0.001, 86_400);
        var size = new Option<int>("--size") { Description = "Bytes of each value, which begins with the time.", HelpName = "BYTES", DefaultValueFactory = _ => 100 }.Between(LatencyRun.SizeMin, 1 << 20);
        var busyPoll = new Option<bool>("--busy-poll") { Description = "Look at the sockets without a pause instead of sleeping until something comes, so that the brokers are measured and not how fast this client wakes up. Takes a core." };
        var command = new ExampledCommand(
            "latency",
            "Measure how long records take from a producer to a consumer, with acks=all.",
            "tidemark perf latency load --rate 500 --seconds 10",
            "tidemark perf latency load --busy-poll")
        {
            topic,
            rate,
            seconds,
            size,
            busyPoll,
        };
        ClusterOptions.Attach(command, async call =>
        {
            long records = (long)Math.Max(1, call.Get(rate) * call.Get(seconds));
            await using ILatencyClient client = call.Get(busyPoll) ? await PollingClient.OpenAsync(call, call.Get(topic)) : await WaitingClient.OpenAsync(call, call.Get(topic));
            return await RunAsync(call, client, new LatencyRun(records, call.Get(rate), call.Get(size)));
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, ILatencyClient client, LatencyRun run)
    {
        Percentiles latency = run.Latency;
        await PerfReport.ShowAsync("latency", call.Json, () => (latency.Count / (double)run.Records, $"p50 {latency.At(0.5):0.##} ms, p99 {latency.At(0.99):0.##} ms"), async () =>
        {
            try
            {
                await client.RunAsync(run);
            }
            catch (TimeoutException)
            {
                throw new CommandException(ExitCode.Unreachable, $"only {latency.Count} of {run.Records} records came back within {call.Timeout.TotalSeconds:0.#} s after the last one was written");
            }
        });
        PerfReport.Write(call.Json, latency.Count, run.BytesRead, run.Elapsed, latency);
        return ExitCode.Success;
    }
}
