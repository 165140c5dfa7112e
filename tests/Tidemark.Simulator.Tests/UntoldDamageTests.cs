using System.Buffers.Binary;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Files;

namespace Tidemark.Simulator.Tests;

/// <summary>A loss of power turns bits of leader epochs, which no checksum covers, only where recovery can tell.</summary>
public class UntoldDamageTests
{
    private const string Log = "/t-0/00000000000000000000.log";
    private const int Batches = 40;
    private const int BatchBytes = 61;
    private const int EpochOffset = 12;

    [Fact]
    public void Epochs_that_could_stand_where_they_stand_are_left_as_they_were()
    {
        int told = 0;
        for (ulong seed = 1; seed <= 2000; seed++)
        {
            byte[] left = LosePower(seed);
            int before = 0;
            for (int i = 0; i < left.Length / BatchBytes && Number(left, i, 8) == BatchBytes - EpochOffset; i++)
            {
                int epoch = Number(left, i, EpochOffset);
                if (epoch != EpochOf(i))
                {
                    Assert.True(epoch < before || epoch >= 1 << 16, $"seed {seed}: batch {i} of epoch {EpochOf(i)} names {epoch}");
                    told++;
                }

                before = epoch;
            }
        }

        Assert.NotEqual(0, told);
    }

    private static int EpochOf(int batch) => 100 + (batch / 4);

    private static int Number(byte[] bytes, int batch, int offset) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan((batch * BatchBytes) + offset));

    /// <summary>What a loss of power leaves of a file that was not flushed; sectors that did not come out are told by their lengths.</summary>
    private static byte[] LosePower(ulong seed)
    {
        var disk = new MemoryDisk(new SeededRandom(seed)) { DamagesTails = true };
        disk.CreateDirectory("/t-0");
        byte[] batches = new byte[Batches * BatchBytes];
        batches.AsSpan().Fill(0xA5);
        for (int i = 0; i < Batches; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(batches.AsSpan((i * BatchBytes) + 8), BatchBytes - EpochOffset);
            BinaryPrimitives.WriteInt32BigEndian(batches.AsSpan((i * BatchBytes) + EpochOffset), EpochOf(i));
        }

        using (IDiskFile file = disk.OpenFile(Log, DiskOpen.Create))
        {
            file.Write(0, batches);
        }

        disk.SyncDirectory("/");
        disk.SyncDirectory("/t-0");
        disk.CrashNow(CrashKind.Power);
        disk.Restart();
        using IDiskFile again = disk.OpenFile(Log, DiskOpen.Existing);
        byte[] left = new byte[again.Length];
        again.Read(0, left);
        return left;
    }
}
