using System.IO.Compression;
using System.Text.Json;

namespace Tidemark.Records.Tests;

/// <summary>The batches that Apache Kafka's own classes wrote, with what is in them as JSON.</summary>
internal static class BatchVectors
{
    public static IReadOnlyList<BatchVector> All { get; } = Load();

    private static List<BatchVector> Load()
    {
        var vectors = new List<BatchVector>();
        using var file = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "TestData", "batches.tsv.gz")), CompressionMode.Decompress);
        using var lines = new StreamReader(file);
        while (lines.ReadLine() is { } line)
        {
            string[] cells = line.Split('\t');
            vectors.Add(new BatchVector(cells[0], Convert.FromHexString(cells[1]), JsonDocument.Parse(cells[2]).RootElement));
        }

        return vectors;
    }
}

internal sealed record BatchVector(string Name, byte[] Bytes, JsonElement Json)
{
    public RecordBatchHeader Header => new(Bytes);
}
