namespace Tidemark.System.Tests.Clients;

/// <summary>Where to begin to read: an offset, or the first record that is not older than a time.</summary>
public readonly record struct StartPosition(long Value, bool IsTime)
{
    public static StartPosition At(long offset) => new(offset, false);

    public static StartPosition Since(long timestampMs) => new(timestampMs, true);

    /// <summary>As the scripts under tests/clients take it.</summary>
    public override string ToString() => IsTime ? $"@{Value}" : $"{Value}";
}

/// <summary>One of the clients that people really use, made to create, write and read a topic.</summary>
public abstract class KafkaClient
{
    public static IReadOnlyList<KafkaClient> All { get; } =
        [new KcatClient(), ScriptClient.ConfluentPython, ScriptClient.KafkaPython, ScriptClient.KafkaJs, new ConfluentDotnetClient(), new JavaClient()];

    public abstract string Name { get; }

    /// <summary>Why this client cannot be tried here; null where it can.</summary>
    public abstract string? Absence { get; }

    public virtual IReadOnlyList<string> Codecs => ["none", "gzip", "snappy", "lz4", "zstd"];

    /// <summary>Partitions of the topic that it writes: one where the client cannot choose the partition.</summary>
    public virtual int Partitions => 2;

    public virtual bool CanRead => true;

    /// <summary>Whether it reads from a time by first asking for the offset, so that this read shows both.</summary>
    public virtual bool ReadsTimesByOffset => false;

    public static KafkaClient Named(string name) => All.Single(client => client.Name == name);

    public abstract Task CreateTopicAsync(string bootstrap, string topic);

    /// <summary>What of a record this client can say; the rest it leaves out or replaces.</summary>
    public virtual OutgoingRecord Express(OutgoingRecord record) => record;

    public abstract Task WriteAsync(string bootstrap, string topic, string codec, IReadOnlyList<OutgoingRecord> records);

    /// <summary>Reads exactly <paramref name="count"/> records of a partition that is assigned, without a group.</summary>
    public abstract Task<IReadOnlyList<IncomingRecord>> ReadAsync(string bootstrap, string topic, int partition, StartPosition start, int count);
}
