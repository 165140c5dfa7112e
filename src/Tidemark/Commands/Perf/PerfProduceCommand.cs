using System.CommandLine;
using System.Diagnostics;
using Tidemark.Client;
using Tidemark.Client.Producing;
using Tidemark.Parsing;

namespace Tidemark.Commands.Perf;

/// <summary><c>tidemark perf produce</c></summary>
internal static class PerfProduceCommand
{
    /// <summary>What a request may hold at most by default (<c>socket.request.max.bytes</c>).</summary>
    private const int SizeMax = 100 << 20;

    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic to write to." };
        var records = new Option<long>("--records") { Description = "How many records.", HelpName = "N", DefaultValueFactory = _ => 1_000_000 }.From(1);
        var size = new Option<int>("--size") { Description = "Bytes of each value.", HelpName = "BYTES", DefaultValueFactory = _ => 1000 }.Between(0, SizeMax);
        var send = new SendOptions();
        var batch = new Option<int>("--batch-size") { Description = "Bytes after which a batch is sent.", HelpName = "BYTES", DefaultValueFactory = _ => 128 * 1024 }.Between(1, SizeMax);
        var command = new ExampledCommand("produce", "Write records as fast as the cluster takes them.", "tidemark perf produce load --records 5000000 --size 100 --acks all", "tidemark perf produce load --codec lz4 --json")
        {
            topic,
            records,
            size,
            batch,
        };
        send.AddTo(command);
        ClusterOptions.Attach(command, async call =>
        {
            ProducerOptions options = send.Read(call) with { BatchBytesMax = call.Get(batch), DeliveryTimeout = call.Timeout };
            return await RunAsync(call, options, call.Get(topic), call.Get(records), call.Get(size), send);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, ProducerOptions options, string topic, long records, int size, SendOptions send)
    {
        byte[] value = new byte[size];
        for (int i = 0; i < size; i++)
        {
            // Letters that compress about as well as text does.
            value[i] = (byte)('a' + (i * 7 % 13) + (i / 50 % 5));
        }

        var latency = new Percentiles();
        ClientException? failure = null;
        long done = 0;
        long began = Stopwatch.GetTimestamp();
        await PerfReport.ShowAsync("produce", call.Json, () => (Interlocked.Read(ref done) / (double)records, $"{Interlocked.Read(ref done):N0} records"), async () =>
        {
            await using var producer = new Producer(call.Cluster, options);
            for (long i = 0; i < records && Volatile.Read(ref failure) is null; i++)
            {
                await send.AwaitTurnAsync(call, i, began);
                long posted = Stopwatch.GetTimestamp();
                await producer.PostAsync(
                    new ProducerRecord(topic, null, value),
                    delivery =>
                    {
                        if (delivery.Error is { } error)
                        {
                            Interlocked.CompareExchange(ref failure, error, null);
                            return;
                        }

                        latency.Add(Stopwatch.GetElapsedTime(posted));
                        Interlocked.Increment(ref done);
                    },
                    call.Cancellation);
            }
        });
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        PerfReport.Write(call.Json, done, done * size, elapsed, latency);
        return failure is null ? ExitCode.Success : throw failure;
    }
}
