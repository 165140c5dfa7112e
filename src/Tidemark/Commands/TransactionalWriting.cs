using System.Diagnostics;
using Tidemark.Client;
using Tidemark.Client.Producing;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark.Commands;

/// <summary>
/// Writes lines of standard input in transactions, each of so many records. What is committed stays; a failure and Ctrl-C abort what is open. A process that
/// is killed leaves its transaction open until the next one with the id begins, or its timeout passes.
/// </summary>
internal sealed class TransactionalWriting(ClusterCall call, ProducerOptions options, LineRecords lines, SendOptions send, long recordsEach)
{
    private long _posted;
    private long _committed;
    private long _transactions;

    private long Open => _posted - _committed;

    public async Task<int> RunAsync()
    {
        try
        {
            await WriteAsync();
        }
        catch (ProducerFencedException fenced)
        {
            throw new CommandException(ExitCode.Failed, $"{fenced.Message}; {Summary()}");
        }
        finally
        {
            Report();
        }

        return ExitCode.Success;
    }

    private async Task WriteAsync()
    {
        await using var producer = new Producer(call.Cluster, options);
        try
        {
            await producer.InitialiseAsync(call.Cancellation);
            long began = Stopwatch.GetTimestamp();
            using var input = new LineInput();
            while (await input.NextAsync(call.Cancellation) is { } line)
            {
                await send.AwaitTurnAsync(call, _posted, began);
                await producer.PostAsync(lines.Read(line), cancellation: call.Cancellation);
                _posted++;
                if (Open >= recordsEach)
                {
                    await CommitAsync(producer);
                }
            }

            if (Open > 0)
            {
                await CommitAsync(producer);
            }
        }
        catch (Exception failure) when (failure is ClientException and not ProducerFencedException || failure is CommandException or OperationCanceledException)
        {
            await TryAbortAsync(producer);
            throw;
        }
    }

    private async Task CommitAsync(Producer producer)
    {
        await producer.CommitAsync(call.Cancellation);
        _committed = _posted;
        _transactions++;
    }

    private async Task TryAbortAsync(Producer producer)
    {
        try
        {
            await producer.AbortAsync(CancellationToken.None);
        }
        catch (ClientException failure)
        {
            CommandLine.Complain($"the transaction could not be aborted, its coordinator will do that in at most {options.TransactionTimeout.TotalSeconds} s: {failure.Message}");
        }
    }

    private string Summary() => $"{_committed} records committed in {_transactions} transactions{(Open > 0 ? $", {Open} aborted" : "")}";

    private void Report()
    {
        if (call.Json)
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("written", _committed);
                writer.WriteNumber("failed", Open);
                writer.WriteNumber("transactions", _transactions);
                writer.WriteEndObject();
            });
        }
        else if (!Console.IsErrorRedirected)
        {
            CommandLine.Note($"{Summary()}.");
        }
    }
}
