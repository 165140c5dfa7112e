using Tidemark.Chaos.Checking;
using Tidemark.Chaos.Clients;
using Tidemark.Chaos.Nodes;
using Tidemark.Records;
using Tidemark.Simulator;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Faults;

/// <summary>
/// Does to a dead node's files what a loss of power may do: what was written after the last flush is gone from some place on, or its
/// length is there and its bytes are zeros. What the node had flushed stays.
/// </summary>
internal static class TailCutter
{
    private const double ChanceOfCut = 0.7;
    private const double ChanceOfZeros = 0.3;

    /// <summary>In words, what was lost.</summary>
    public static string Cut(ChaosNode node, IEnumerable<LoadedTopic> topics, SeededRandom random)
    {
        int logs = 0;
        long lost = 0;
        foreach (PartitionId partition in topics.SelectMany(topic => topic.All))
        {
            if (!random.Chance(ChanceOfCut) || LogFiles.DirectoryOf(node.LogDirectories, partition.Topic, partition.Index) is not { } log || LogFiles.SegmentsOf(log) is not [.., var last])
            {
                continue;
            }

            long flushed = LogFiles.RecoveryPointOf(Path.GetDirectoryName(log)!, partition.Topic, partition.Index);
            using FileStream file = new(last, FileMode.Open, FileAccess.ReadWrite);
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            long keep = PositionOf(bytes, flushed);
            if (keep < bytes.Length)
            {
                long cut = keep + random.Next(bytes.Length - keep);
                logs++;
                lost += bytes.Length - cut;
                file.SetLength(cut);
                if (random.Chance(ChanceOfZeros))
                {
                    file.SetLength(bytes.Length);
                }
            }
        }

        return $"{lost} bytes at the ends of {logs} logs of node {node.Id} are lost";
    }

    /// <summary>Where the first batch begins that is not wholly below the offset.</summary>
    private static long PositionOf(byte[] segment, long offset)
    {
        var walk = new BatchWalk(segment);
        while (walk.MoveNext() && walk.Current.NextOffset.Value <= offset)
        {
        }

        return walk.Position;
    }
}
