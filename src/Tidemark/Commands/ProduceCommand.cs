using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Tidemark.Client;
using Tidemark.Client.Producing;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Records;

namespace Tidemark.Commands;

/// <summary><c>tidemark produce</c>: each line of standard input becomes a record, in transactions where that is asked for.</summary>
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
        var transactionalId = new Option<string?>("--transactional-id")
        {
            Description = "Write in transactions under this id: all of the input in one, or as many as --batch makes. What is open is aborted by Ctrl-C, by a failure, and by the next producer with the id.",
            HelpName = "ID",
        };
        var batch = new Option<long?>("--batch") { Description = "With --transactional-id: commit after so many records each.", HelpName = "N" }.From(1);
        var transactionTimeout = new Option<double?>("--transaction-timeout")
        {
            Description = "With --transactional-id: brokers abort a transaction that is open for longer; 60 by default.",
            HelpName = "SECONDS",
        }.From(0.001);
        var command = new ExampledCommand(
            "produce",
            "Write each line of standard input as a record.",
            "echo hello | tidemark produce greetings",
            "tidemark produce accounts --key-separator : --codec zstd < accounts.txt",
            "tidemark produce payments --transactional-id night-run --batch 1000 < payments.txt",
            "tail -f app.log | tidemark produce logs --header host=web1")
        {
            topic,
            separator,
            headers,
            partition,
            tombstones,
            idempotent,
            transactionalId,
            batch,
            transactionTimeout,
        };
        send.AddTo(command);
        ClusterOptions.Attach(command, async call =>
        {
            ProducerOptions options = send.Read(call) with { Idempotent = call.Get(idempotent), DeliveryTimeout = call.Timeout };
            if (options.Idempotent && options.Acks != -1)
            {
                throw new CommandException(ExitCode.Usage, "--idempotent needs --acks all");
            }

            if (call.Get(transactionalId) is null && (call.Get(batch) is not null || call.Get(transactionTimeout) is not null))
            {
                throw new CommandException(ExitCode.Usage, "--batch and --transaction-timeout need --transactional-id");
            }

            if (call.Get(transactionalId) is not null && (options.Acks != -1 || call.Get(transactionalId) is ""))
            {
                throw new CommandException(ExitCode.Usage, "--transactional-id needs a name, and --acks all");
            }

            var lines = new LineRecords(
                call.Get(topic),
                call.Get(separator),
                [.. KeyValueList.Read("--header", call.Get(headers)).Select(h => new RecordHeader(h.Key, Encoding.UTF8.GetBytes(h.Value)))],
                call.Get(partition),
                call.Get(tombstones));
            if (call.Get(transactionalId) is { } id)
            {
                options = options with { TransactionalId = id, TransactionTimeout = TimeSpan.FromSeconds(call.Get(transactionTimeout) ?? 60) };
                return await new TransactionalWriting(call, options, lines, send, call.Get(batch) ?? long.MaxValue).RunAsync();
            }

            return await RunAsync(call, options, lines, send);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, ProducerOptions options, LineRecords lines, SendOptions send)
    {
        long written = 0, failed = 0;
        ClientException? first = null;
        try
        {
            await using var producer = new Producer(call.Cluster, options);
            long began = Stopwatch.GetTimestamp();
            long posted = 0;
            using var input = new LineInput();
            while (first is null && await input.NextAsync(call.Cancellation) is { } line)
            {
                await send.AwaitTurnAsync(call, posted++, began);
                await producer.PostAsync(lines.Read(line), OnDelivered, call.Cancellation);
            }
        }
        finally
        {
            Report(call, written, failed);
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

    private static void Report(ClusterCall call, long written, long failed)
    {
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
            CommandLine.Note($"{written} records written.");
        }
    }
}
