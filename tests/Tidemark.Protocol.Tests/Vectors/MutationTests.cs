using Tidemark.Tests.Shared;

namespace Tidemark.Protocol.Tests.Vectors;

/// <summary>
/// Damages real messages at random. Whatever comes out must decode or be refused with the one exception,
/// and must not make the reader take more memory than a multiple of the frame.
/// </summary>
public class MutationTests
{
    /// <summary>Rounds over all rows; each round damages every row in another way.</summary>
    private const int Rounds = 8;

    /// <summary>
    /// The smallest element is one byte on the wire and an object of at most this size in memory.
    /// </summary>
    private const long BytesPerFrameByteMax = 256;

    /// <summary>What reading and refusing takes at any frame's size: the message itself and the exception.</summary>
    private const long BytesMax = 16 * 1024;

    [Fact]
    public void Damaged_messages_decode_or_are_refused_within_the_memory_that_the_frame_allows()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("TIDEMARK_SEED"), out int given) ? given : Environment.TickCount;
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            foreach (MessageVector row in MessageVector.Own)
            {
                byte[] damaged = Damage(random, row.Bytes);
                if (!Survives(row, damaged, $"TIDEMARK_SEED={seed}"))
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > MessageVector.Own.Length, $"Only {refused} damaged messages were refused; TIDEMARK_SEED={seed}");
    }

    [Fact]
    public void Every_message_cut_short_is_refused()
    {
        foreach (MessageVector row in MessageVector.Own.GroupBy(row => (row.ClassName, row.Version)).Select(rows => rows.Last()))
        {
            MessageClasses.Reader read = MessageClasses.ReaderOf(row.ClassName);
            for (int length = 0; length < row.Bytes.Length; length += 1 + (length / 32))
            {
                byte[] cut = row.Bytes[..length];
                Assert.Throws<ProtocolException>(() => MessageClasses.Read(read, cut, row.Version));
            }
        }
    }

    private static bool Survives(MessageVector row, byte[] damaged, string seed)
    {
        MessageClasses.Reader read = MessageClasses.ReaderOf(row.ClassName);
        bool decoded = true;
        long allowed = BytesMax + (BytesPerFrameByteMax * damaged.Length);
        long taken = Allocated.By(ReadOrRefuse, allowed);
        Assert.True(taken <= allowed, $"{row.KafkaName} v{row.Version} {Convert.ToHexString(damaged)} took {taken} bytes; {seed}");
        return decoded;

        void ReadOrRefuse()
        {
            try
            {
                MessageClasses.Read(read, damaged, row.Version);
            }
            catch (ProtocolException)
            {
                decoded = false;
            }
            catch (Exception other)
            {
                Assert.Fail($"{row.KafkaName} v{row.Version} {Convert.ToHexString(damaged)}: {other}; {seed}");
            }
        }
    }

    private static byte[] Damage(Random random, byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        byte[] damaged = [.. bytes];
        int at = random.Next(damaged.Length);
        switch (random.Next(6))
        {
            case 0:
                damaged[at] = (byte)random.Next(256);
                return damaged;
            case 1:
                damaged[at] ^= (byte)(1 << random.Next(8));
                return damaged;
            case 2:
                damaged.AsSpan(at, Math.Min(random.Next(1, 6), damaged.Length - at)).Fill(random.Next(2) == 0 ? (byte)0xFF : (byte)0x7F);
                return damaged;
            case 3:
                return damaged[..at];
            case 4:
                return [.. damaged[..at], .. damaged[Math.Min(damaged.Length, at + random.Next(1, 5))..]];
            default:
                byte[] noise = new byte[random.Next(1, 9)];
                random.NextBytes(noise);
                return [.. damaged[..at], .. noise, .. damaged[at..]];
        }
    }
}
