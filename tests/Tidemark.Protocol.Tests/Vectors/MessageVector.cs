using System.IO.Compression;

namespace Tidemark.Protocol.Tests.Vectors;

/// <summary>A message as Apache Kafka's own classes encoded it: class, version, bytes and the values in JSON.</summary>
public sealed record MessageVector(string KafkaName, short Version, byte[] Bytes, string Json)
{
    private static readonly Lazy<MessageVector[]> OwnRows = new(() => Load(OwnPath));

    /// <summary>The rows that the project keeps.</summary>
    public static MessageVector[] Own => OwnRows.Value;

    public static string OwnPath => Path.Combine(AppContext.BaseDirectory, "TestData", "messages.tsv.gz");

    /// <summary>Another file of rows, or null.</summary>
    public static string? ForeignPath => Environment.GetEnvironmentVariable("TIDEMARK_VECTORS") is { Length: > 0 } path ? path : null;

    public string ClassName => KafkaName.EndsWith("Data", StringComparison.Ordinal) ? KafkaName[..^4] : KafkaName;

    public static MessageVector[] Load(string path)
    {
        using Stream file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(plain);
        var rows = new List<MessageVector>();
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split('\t');
            rows.Add(new MessageVector(cells[0], short.Parse(cells[2]), Convert.FromHexString(cells[3]), cells[4]));
        }

        return [.. rows];
    }

    public override string ToString() => $"{KafkaName} v{Version} {Convert.ToHexString(Bytes)}";
}
