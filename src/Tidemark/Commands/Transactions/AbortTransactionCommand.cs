using System.CommandLine;
using Tidemark.Client.Transactions;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Transactions;

/// <summary><c>tidemark transactions abort</c>: ends a transaction in one partition, without its coordinator.</summary>
internal static class AbortTransactionCommand
{
    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic." };
        var partition = new Option<int>("--partition", "-p") { Description = "The partition.", HelpName = "N", Required = true }.From(0);
        var start = new Option<long>("--start-offset") { Description = "The first offset of the transaction, as `transactions hanging` shows it.", HelpName = "OFFSET", Required = true }.From(0);
        var command = new ExampledCommand(
            "abort",
            "Abort a hanging transaction in a partition. One that its coordinator knows is better left to it: its other partitions would still be committed.",
            "tidemark transactions abort orders --partition 0 --start-offset 4711")
        {
            topic,
            partition,
            start,
        };
        ClusterOptions.Attach(command, async call =>
        {
            var name = new TopicPartition(call.Get(topic), call.Get(partition));
            PartitionProducer? producer = (await call.Cluster.ProducersAsync([name], call.Cancellation)).FirstOrDefault(p => p.TransactionStart == call.Get(start));
            if (producer is null)
            {
                throw new CommandException(ExitCode.Failed, $"no transaction in {name} begins at offset {call.Get(start)}");
            }

            await call.Cluster.AbortAsync(producer, call.Cancellation);
            Outcome.Write(
                call.Json,
                $"The transaction of producer {producer.ProducerId} in {name} is aborted.",
                ("topic", name.Topic),
                ("partition", name.Partition),
                ("producerId", producer.ProducerId),
                ("startOffset", producer.TransactionStart));
            return ExitCode.Success;
        });
        return command;
    }
}
