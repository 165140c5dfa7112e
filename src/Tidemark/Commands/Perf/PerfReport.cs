using System.Globalization;
using Spectre.Console;
using Tidemark.Output;

namespace Tidemark.Commands.Perf;

/// <summary>Shows a measurement while it runs, on a terminal, and what it came to.</summary>
internal static class PerfReport
{
    /// <summary>Runs a measurement under a progress bar where there is a terminal to show one.</summary>
    /// <param name="done">How much is done, from 0 to 1, and words for it.</param>
    public static async Task ShowAsync(string what, bool json, Func<(double Part, string Words)> done, Func<Task> work)
    {
        if (json || Console.IsOutputRedirected)
        {
            await work();
            return;
        }

        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Markup.Escape(what), maxValue: 1);
                Task running = work();
                while (!running.IsCompleted)
                {
                    await Task.WhenAny(running, Task.Delay(200));
                    (double part, string words) = done();
                    bar.Value = part;
                    bar.Description = Markup.Escape($"{what} {words}");
                }

                await running;
                bar.Value = 1;
            });
    }

    /// <summary>Writes records, bytes and time, and where there are any the percentiles of the latency.</summary>
    public static void Write(bool json, long records, long bytes, TimeSpan elapsed, Percentiles? latency)
    {
        double seconds = Math.Max(elapsed.TotalSeconds, 1e-9);
        var figures = new List<(string Name, object Value, string Words)>
        {
            ("records", records, records.ToString("N0", CultureInfo.InvariantCulture)),
            ("seconds", Math.Round(seconds, 3), Number(seconds)),
            ("recordsPerSecond", Math.Round(records / seconds, 1), $"{(records / seconds).ToString("N0", CultureInfo.InvariantCulture)} records/s"),
            ("megabytesPerSecond", Math.Round(bytes / seconds / 1e6, 2), $"{Number(bytes / seconds / 1e6)} MB/s"),
        };
        if (latency is { Count: > 0 })
        {
            figures.Add(("meanMs", Math.Round(latency.MeanMs, 3), $"{Number(latency.MeanMs)} ms"));
            foreach ((string name, double part) in new[] { ("p50Ms", 0.5), ("p95Ms", 0.95), ("p99Ms", 0.99), ("p999Ms", 0.999) })
            {
                figures.Add((name, Math.Round(latency.At(part), 3), $"{Number(latency.At(part))} ms"));
            }

            figures.Add(("maxMs", Math.Round(latency.MaxMs, 3), $"{Number(latency.MaxMs)} ms"));
        }

        if (json)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteStartObject();
                foreach ((string name, object value, _) in figures)
                {
                    writer.WritePropertyName(name);
                    JsonOutput.WriteValue(writer, value);
                }

                writer.WriteEndObject();
            });
            return;
        }

        var listing = new Listing("figure", "value");
        foreach ((string name, _, string words) in figures)
        {
            listing.Add(name, words);
        }

        listing.Write(json: false, "nothing measured");
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
