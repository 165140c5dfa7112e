using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Listeners, connections, sockets and threads.</summary>
internal static class NetworkKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("listeners", "PLAINTEXT://:9092", "Where the server listens: NAME://host:port, several if wanted; an empty host means every address. Changed by a restart only; Tidemark refuses a change at run time.")
            .PerBroker(),
        List("advertised.listeners", null, "The addresses that clients are told to connect to; by default those of listeners."),
        String("listener.security.protocol.map", "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", "Which security protocol each listener name stands for. Changed by a restart only; Tidemark refuses a change at run time.")
            .PerBroker(),
        String("inter.broker.listener.name", null, "The listener over which brokers talk to each other; by default the one of security.inter.broker.protocol."),
        List("early.start.listeners", null, "Listeners that take connections before the authorizer is ready."),
        Int("max.connections", "2147483647", "How many connections the broker holds at once. A few more are for listeners that only other nodes need.")
            .AtLeast(0).ClusterWide(),
        Int("max.connections.per.ip", "2147483647", "How many connections one address may hold at once.")
            .AtLeast(0).ClusterWide(),
        String("max.connections.per.ip.overrides", "", "Limits for single addresses that replace max.connections.per.ip: host:count, several with commas.")
            .ClusterWide(),
        Int("max.connection.creation.rate", "2147483647", "How many connections the broker accepts in a second.")
            .AtLeast(0).ClusterWide(),
        Long("connections.max.idle.ms", "600000", "A connection on which nothing moved for this long is closed."),
        Int("connection.failed.authentication.delay.ms", "100", "How long the close of a connection is put off after its authentication failed.")
            .AtLeast(0),
        Int("socket.request.max.bytes", "104857600", "The largest request; a larger one closes its connection.")
            .AtLeast(1),
        Int("socket.send.buffer.bytes", "102400", "The send buffer of sockets; -1 leaves it to the operating system."),
        Int("socket.receive.buffer.bytes", "102400", "The receive buffer of sockets; -1 leaves it to the operating system."),
        Int("socket.listen.backlog.size", "50", "How many connections may wait to be accepted.")
            .AtLeast(1),
        Long("socket.connection.setup.timeout.ms", "10000", "How long a connection to another node may take to be made, at first."),
        Long("socket.connection.setup.timeout.max.ms", "30000", "How long a connection to another node may take to be made after repeated failures."),
        Int("queued.max.requests", "500", "How many requests may wait for a handler before connections are read no further.")
            .AtLeast(1),
        Long("queued.max.request.bytes", "-1", "How many bytes requests of 16 KiB and more may take before no more of them are read, at least socket.request.max.bytes; -1 sets no limit."),
        Int("request.timeout.ms", "30000", "How long the broker waits for the answer to a request of its own."),
        Int("num.network.threads", "3", "Threads for each listener that read requests and write answers.")
            .AtLeast(1).ClusterWide(),
        Int("num.io.threads", "8", "Threads that handle requests.")
            .AtLeast(1).ClusterWide(),
        Int("background.threads", "10", "Threads for work that no request waits for.")
            .AtLeast(1).ClusterWide(),
        Int("fetch.max.bytes", "57671680", "How many bytes the broker puts into the answer to one fetch at most.")
            .AtLeast(1_024),
        Int("max.incremental.fetch.session.cache.slots", "1000", "How many fetch sessions the broker remembers.")
            .AtLeast(0),
        Int("max.request.partition.size.limit", "2000", "How many partitions the answer to one DescribeTopicPartitions request may hold.")
            .AtLeast(1),
    ];
}
