using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Tidemark.Client;
using Tidemark.Client.Producing;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Records;

namespace Tidemark.Commands;

/// <summary><c>tidemark produce</c>: each line of standard input becomes a record.</summary>
internal static class ProduceCommand
{
    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic; made when the broker makes topics by itself." };
        var separator = new Option<string?>("--key-separator", "-K") { Description = "What stands between key and value on a line; without it lines are values without a key.", HelpName = "TEXT" };
        var headers = new Option<string[]>("--header", "-H") { Description = "A header for every record; may be given again.", HelpName = "KEY=VALUE" };
        var partition = new Option<int?>("--partition", "-p") { Description = "The partition; by default the key decides.", HelpName = "N" }.From(0);
        var send = new SendOptions();
        var tombstones = new Option<bool>("--null-values") { Description = "An empty value is null: with a key, a tombstone." };
        var idempotent = new Option<bool>("--idempotent") { Description = "The broker drops repetitions; needs --acks all." };
        var command = new ExampledCommand(
            "produce",
            "Write each line of standard input as a record.",
            "echo hello | tidemark produce greetings",
            "tidemark produce accounts --key-separator : --codec zstd < accounts.txt",
            "tail -f app.log | tidemark produce logs --header host=web1")
        {
            topic,
            separator,
            headers,
            partition,
            tombstones,
            idempotent,
        };
        send.AddTo(command);
        ClusterOptions.Attach(command, async call =>
        {
            ProducerOptions options = send.Read(call) with { Idempotent = call.Get(idempotent), DeliveryTimeout = call.Timeout };
            if (options.Idempotent && options.Acks != -1)
            {
                throw new CommandException(ExitCode.Usage, "--idempotent needs --acks all");
            }

            var lines = new LineRecords(
                call.Get(topic),
                call.Get(separator),
                [.. KeyValueList.Read("--header", call.Get(headers)).Select(h => new RecordHeader(h.Key, Encoding.UTF8.GetBytes(h.Value)))],
                call.Get(partition),
                call.Get(tombstones));
            return await RunAsync(call, options, lines, send);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, ProducerOptions options, LineRecords lines, SendOptions send)
    {
        long written = 0, failed = 0;
        ClientException? first = null;
        await using (var producer = new Producer(call.Cluster, options))
        {
            long began = Stopwatch.GetTimestamp();
            long posted = 0;
            using var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, 64 * 1024);
            while (first is null && await input.ReadLineAsync(call.Cancellation) is { } line)
            {
                await send.AwaitTurnAsync(call, posted++, began);
                await producer.PostAsync(lines.Read(line), OnDelivered, call.Cancellation);
            }
        }

        if (call.Json)
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("written", written);
                writer.WriteNumber("failed", failed);
                writer.WriteEndObject();
            });
        }
        else if (!Console.IsErrorRedirected)
        {
            Console.Error.WriteLine($"{written} records written.");
        }

        return first is null ? ExitCode.Success : throw first;

        void OnDelivered(Delivery delivery)
        {
            if (delivery.Error is { } error)
            {
                Interlocked.Increment(ref failed);
                Interlocked.CompareExchange(ref first, error, null);
            }
            else
            {
                Interlocked.Increment(ref written);
            }
        }
    }

    /// <summary>How a line becomes a record.</summary>
    private sealed record LineRecords(string Topic, string? KeySeparator, RecordHeader[] Headers, int? Partition, bool NullValues)
    {
        public ProducerRecord Read(string line)
        {
            string? key = null;
            string value = line;
            if (KeySeparator is { Length: > 0 } separator)
            {
                int at = line.IndexOf(separator, StringComparison.Ordinal);
                if (at < 0)
                {
                    throw new CommandException(ExitCode.Failed, $"a line without the key separator {separator}: {line}");
                }

                (key, value) = (line[..at], line[(at + separator.Length)..]);
            }

            return new ProducerRecord(Topic, key is null ? null : Encoding.UTF8.GetBytes(key), NullValues && value.Length == 0 ? null : Encoding.UTF8.GetBytes(value))
            {
                Partition = Partition,
                Headers = Headers.Length == 0 ? null : Headers,
            };
        }
    }
}
