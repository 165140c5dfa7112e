using System.Buffers.Binary;

namespace Tidemark.Simulator.Disks;

/// <summary>
/// Damage that nobody can tell, and that is not done therefore: Kafka's checksum of a batch leaves out the leader epoch that the batch names. Recovery sees
/// an epoch that falls, that no leader can have, or that is above all there ever were; one that could stand there it has to believe, as Kafka's does.
/// The records are unharmed; but the replica would say of them that another leader wrote them, which the checkers know to be false.
/// </summary>
internal static class UntoldDamage
{
    private const int BatchHeaderBytes = 61;
    private const int LengthOffset = 8;
    private const int EpochOffset = 12;

    /// <summary>No run has as many elections: metadata tell that there never was such an epoch.</summary>
    private const int EpochsOfARun = 1 << 16;

    /// <summary>Takes back what cannot be told in all logs below the directory.</summary>
    public static void TurnBack(MemoryDirectoryNode directory)
    {
        foreach ((string name, MemoryNode node) in directory.Entries)
        {
            if (node is MemoryDirectoryNode inner)
            {
                TurnBack(inner);
            }
            else if (node is MemoryFileNode { Content: { Turned.Count: > 0 } content } && name.EndsWith(".log", StringComparison.Ordinal))
            {
                TurnBack(content);
            }
        }
    }

    private static void TurnBack(MemoryContent log)
    {
        int before = 0;
        byte[] head = new byte[BatchHeaderBytes];
        for (long at = 0; log.Read(at, head) == BatchHeaderBytes;)
        {
            long next = at + EpochOffset + BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(LengthOffset));
            if (next < at + BatchHeaderBytes)
            {
                return;
            }

            int epoch = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(EpochOffset));
            foreach ((long Position, byte Was) turned in log.Turned)
            {
                if (turned.Position >= at + EpochOffset && turned.Position < at + EpochOffset + sizeof(int) && epoch >= before && epoch < EpochsOfARun)
                {
                    log.TurnBack(turned);
                    log.Read(at, head);
                    epoch = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(EpochOffset));
                }
            }

            (at, before) = (next, epoch);
        }
    }
}
