using System.CommandLine;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Transactions;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Transactions;

/// <summary><c>tidemark transactions hanging</c>: transactions that are open in a partition though their coordinator would not end them.</summary>
internal static class HangingTransactionsCommand
{
    public static Command Define()
    {
        var topic = new Option<string?>("--topic", "-t") { Description = "Only this topic; all by default.", HelpName = "TOPIC" };
        var older = new Option<double>("--older-than") { Description = "Only transactions without a record for so long: longer than transaction.max.timeout.ms, or healthy ones are looked at too.", HelpName = "SECONDS", DefaultValueFactory = _ => 1200 }.Between(0, 1e9);
        var command = new ExampledCommand(
            "hanging",
            "Find transactions that hold readers back and that no coordinator will end.",
            "tidemark transactions hanging",
            "tidemark transactions hanging --topic orders --older-than 60")
        {
            topic,
            older,
        };
        ClusterOptions.Attach(command, async call =>
        {
            IReadOnlyList<PartitionProducer> hanging = await FindAsync(call, call.Get(topic), TimeSpan.FromSeconds(call.Get(older)));
            var listing = new Listing("topic", "partition", "producer id", "producer epoch", "coordinator epoch", "start offset", "last record");
            foreach (PartitionProducer producer in hanging)
            {
                listing.Add(
                    producer.Partition.Topic,
                    producer.Partition.Partition,
                    producer.ProducerId,
                    producer.Epoch,
                    producer.CoordinatorEpoch,
                    producer.TransactionStart,
                    TransactionsCommand.Time(producer.LastTimestampMs));
            }

            listing.Write(call.Json, "No transaction hangs.");
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<IReadOnlyList<PartitionProducer>> FindAsync(ClusterCall call, string? topic, TimeSpan older)
    {
        ClusterMetadata metadata = await call.Cluster.RefreshAsync(topic is null ? null : [topic], cancellation: call.Cancellation);
        IEnumerable<TopicInfo> topics = topic is null ? metadata.Topics.Values : [await call.Cluster.TopicAsync(topic, cancellation: call.Cancellation)];
        TopicPartition[] partitions = [.. topics.SelectMany(t => t.Partitions.Where(p => p.Leader.Value >= 0).Select(p => new TopicPartition(t.Name, p.Partition)))];
        long before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - (long)older.TotalMilliseconds;
        PartitionProducer[] suspects =
        [
            .. (await call.Cluster.ProducersAsync(partitions, call.Cancellation)).Where(p => p.TransactionStart >= 0 && p.LastTimestampMs <= before),
        ];
        if (suspects.Length == 0)
        {
            return [];
        }

        IReadOnlyList<ListedTransaction> known = await call.Cluster.ListTransactionsAsync(producers: suspects.Select(s => s.ProducerId).Distinct(), cancellation: call.Cancellation);
        var open = new HashSet<(long, TopicPartition)>();
        foreach (ListedTransaction transaction in known)
        {
            try
            {
                TransactionDescription described = await call.Cluster.DescribeTransactionAsync(transaction.TransactionalId, call.Cancellation);
                open.UnionWith(described.Partitions.Select(p => (described.ProducerId, p)));
            }
            catch (BrokerErrorException gone) when (gone.Code == ErrorCode.TransactionalIdNotFound)
            {
            }
        }

        return [.. suspects.Where(s => !open.Contains((s.ProducerId, s.Partition))).OrderBy(s => s.Partition.Topic, StringComparer.Ordinal).ThenBy(s => s.Partition.Partition)];
    }
}
