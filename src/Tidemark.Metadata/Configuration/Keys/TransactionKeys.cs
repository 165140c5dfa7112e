using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Transactions and their coordinator.</summary>
internal static class TransactionKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        Int("transaction.max.timeout.ms", "900000", "The longest transaction timeout that a producer may ask for.")
            .AtLeast(1),
        Int("transactional.id.expiration.ms", "604800000", "How long the coordinator remembers a transactional id that does nothing.")
            .AtLeast(1),
        Int("transaction.state.log.num.partitions", "50", "Partitions of the transaction state topic; not to be changed later.")
            .AtLeast(1),
        Short("transaction.state.log.replication.factor", "3", "Replicas of the transaction state topic; it is not created while there are fewer brokers.")
            .AtLeast(1),
        Int("transaction.state.log.min.isr", "2", "The in-sync replicas that the transaction state topic needs.")
            .AtLeast(1),
        Int("transaction.state.log.segment.bytes", "104857600", "The segment size of the transaction state topic.")
            .AtLeast(1),
        Int("transaction.state.log.load.buffer.size", "5242880", "How many bytes of the transaction state topic are read at once when a coordinator loads it.")
            .AtLeast(1),
        Int("transaction.abort.timed.out.transaction.cleanup.interval.ms", "10000", "How often the coordinator aborts transactions that took too long.")
            .AtLeast(1),
        Int("transaction.remove.expired.transaction.cleanup.interval.ms", "3600000", "How often the coordinator forgets transactional ids that expired.")
            .AtLeast(1),
        Boolean("transaction.partition.verification.enable", "true", "Whether a broker asks the coordinator if a partition belongs to a transaction before its first write.")
            .ClusterWide(),
        Boolean("transaction.two.phase.commit.enable", "false", "Whether producers may prepare transactions that never time out."),
        Int("add.partitions.to.txn.retry.backoff.ms", "20", "The first pause before a broker asks the coordinator about a transaction again.")
            .AtLeast(1),
        Int("add.partitions.to.txn.retry.backoff.max.ms", "100", "The longest pause before a broker asks the coordinator about a transaction again.")
            .AtLeast(0),
    ];
}
