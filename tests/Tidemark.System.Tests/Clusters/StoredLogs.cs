using System.Buffers.Binary;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clusters;

/// <summary>The bytes that the nodes of a stopped cluster hold: what they have in common must be the same, whoever wrote it.</summary>
internal static class StoredLogs
{
    private const int LastOffsetDelta = 23;

    /// <summary>Compares one directory of several nodes, batch by batch, over the offsets that all of them hold. Answers how many batches were compared.</summary>
    public static int Compare(IEnumerable<RunningNode> nodes, string directory)
    {
        List<(RunningNode Node, SortedDictionary<long, byte[]> Batches)> logs = [.. nodes.Select(node => (node, Read(Path.Combine(node.Data, directory))))];
        Assert.All(logs, log => Assert.True(log.Batches.Count > 0, $"node {log.Node.Id} holds nothing of {directory}"));
        long start = logs.Max(log => log.Batches.Keys.First());
        long end = logs.Min(log => EndOf(log.Batches));
        (RunningNode first, SortedDictionary<long, byte[]> expected) = logs[0];
        var common = expected.Where(batch => batch.Key >= start && batch.Key < end).ToList();
        foreach ((RunningNode node, SortedDictionary<long, byte[]> batches) in logs.Skip(1))
        {
            Assert.Equal(common.Select(batch => batch.Key), batches.Keys.Where(offset => offset >= start && offset < end));
            foreach ((long offset, byte[] bytes) in common)
            {
                Assert.True(batches[offset].AsSpan().SequenceEqual(bytes), $"{directory}: the batch at {offset} differs between node {first.Id} ({Owner(first)}) and node {node.Id} ({Owner(node)})");
            }
        }

        return common.Count;
    }

    private static string Owner(RunningNode node) => node.Kind.IsKafka ? "Apache Kafka" : "Tidemark";

    private static long EndOf(SortedDictionary<long, byte[]> batches)
    {
        (long offset, byte[] last) = batches.Last();
        return offset + BinaryPrimitives.ReadInt32BigEndian(last.AsSpan(LastOffsetDelta)) + 1;
    }

    private static SortedDictionary<long, byte[]> Read(string directory)
    {
        var batches = new SortedDictionary<long, byte[]>();
        foreach (string file in Directory.GetFiles(directory, "*.log"))
        {
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(file);
            while (bytes.Length > 12 && BinaryPrimitives.ReadInt32BigEndian(bytes[8..]) is > 0 and var size && size + 12 <= bytes.Length)
            {
                batches[BinaryPrimitives.ReadInt64BigEndian(bytes)] = bytes[..(size + 12)].ToArray();
                bytes = bytes[(size + 12)..];
            }
        }

        return batches;
    }
}
