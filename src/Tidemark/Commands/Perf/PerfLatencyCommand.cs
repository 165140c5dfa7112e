using System.Buffers.Binary;
using System.CommandLine;
using System.Diagnostics;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Client.Producing;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Commands.Perf;

/// <summary><c>tidemark perf latency</c>: from the producer's call to the consumer's hands, at a fixed rate.</summary>
internal static class PerfLatencyCommand
{
    private const int TimeBytes = sizeof(long);

    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic to write to and read from." };
        var rate = new Option<double>("--rate") { Description = "Records in a second.", HelpName = "N", DefaultValueFactory = _ => 500 }.From(0.001);
        var seconds = new Option<double>("--seconds") { Description = "How long.", HelpName = "N", DefaultValueFactory = _ => 10 }.Between(0.001, 86_400);
        var size = new Option<int>("--size") { Description = "Bytes of each value, which begins with the time.", HelpName = "BYTES", DefaultValueFactory = _ => 100 }.Between(TimeBytes, 1 << 20);
        var command = new ExampledCommand("latency", "Measure how long records take from a producer to a consumer, with acks=all.", "tidemark perf latency load --rate 500 --seconds 10")
        {
            topic,
            rate,
            seconds,
            size,
        };
        ClusterOptions.Attach(command, async call =>
        {
            long records = (long)Math.Max(1, call.Get(rate) * call.Get(seconds));
            return await RunAsync(call, call.Get(topic), records, call.Get(rate), call.Get(size));
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, string topic, long records, double rate, int size)
    {
        TopicInfo info = await call.Cluster.TopicAsync(topic, allowAutoCreation: true, call.Cancellation);

        // Connections of its own: a broker may answer those of one connection in turn, and a record would wait behind the fetch that waits for it.
        await using var reader = new ClusterClient(call.Options);
        var consumer = new Consumer(reader, new ConsumerOptions());
        await consumer.AssignAsync(info.Partitions.Select(p => new TopicPartition(topic, p.Partition)), OffsetSpec.Latest, call.Cancellation);
        while (consumer.Positions.Count < info.Partitions.Count)
        {
            // What is written before the end of a partition is known would not be read.
            (await consumer.FetchAsync(call.Cancellation)).Dispose();
        }

        var latency = new Percentiles();
        long began = Stopwatch.GetTimestamp();
        long run = Stopwatch.GetTimestamp();
        await PerfReport.ShowAsync("latency", call.Json, () => (latency.Count / (double)records, $"p50 {latency.At(0.5):0.##} ms, p99 {latency.At(0.99):0.##} ms"), async () =>
        {
            using var failed = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
            Task reading = ReadAsync(consumer, run, records, latency, failed.Token);
            try
            {
                await WriteAsync(call, topic, run, records, rate, size);
                await reading.WaitAsync(call.Timeout, call.Cancellation);
            }
            catch (TimeoutException)
            {
                throw new CommandException(ExitCode.Unreachable, $"only {latency.Count} of {records} records came back within {call.Timeout.TotalSeconds:0.#} s after the last one was written");
            }
            finally
            {
                await failed.CancelAsync();
            }
        });
        PerfReport.Write(call.Json, latency.Count, latency.Count * size, Stopwatch.GetElapsedTime(began), latency);
        return ExitCode.Success;
    }

    private static async Task WriteAsync(ClusterCall call, string topic, long run, long records, double rate, int size)
    {
        await using var producer = new Producer(call.Cluster, new ProducerOptions { Linger = TimeSpan.Zero, DeliveryTimeout = call.Timeout });
        for (long i = 0; i < records; i++)
        {
            while (TimeSpan.FromSeconds(i / rate) - Stopwatch.GetElapsedTime(run) is { Ticks: > 0 } early)
            {
                await Task.Delay(early < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : early, call.Cancellation);
            }

            byte[] value = new byte[size];
            BinaryPrimitives.WriteInt64BigEndian(value, Stopwatch.GetTimestamp());
            await producer.PostAsync(new ProducerRecord(topic, null, value), cancellation: call.Cancellation);
        }
    }

    private static async Task ReadAsync(Consumer consumer, long run, long records, Percentiles latency, CancellationToken cancellation)
    {
        while (latency.Count < records)
        {
            using FetchedRecords fetched = await consumer.FetchAsync(cancellation);
            long now = Stopwatch.GetTimestamp();
            fetched.ForEach((TopicPartition _, in RecordView record) =>
            {
                // Records of somebody else's, or of an earlier run, carry no time of this one.
                if (record.Value.Length >= TimeBytes && BinaryPrimitives.ReadInt64BigEndian(record.Value.Span) is var sent && sent >= run && sent <= now)
                {
                    latency.Add(Stopwatch.GetElapsedTime(sent, now));
                }
            });
        }
    }
}
