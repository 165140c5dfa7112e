using System.Buffers;

namespace Tidemark.Protocol.Tests.Wire;

public class WireWriterTests
{
    [Fact]
    public void The_buffer_grows_and_keeps_what_was_written()
    {
        using var writer = new WireWriter(sizeHint: 16);
        for (int i = 0; i < 100_000; i++)
        {
            writer.WriteInt32(i);
        }

        var reader = new WireReader(writer.WrittenMemory);
        for (int i = 0; i < 100_000; i++)
        {
            Assert.Equal(i, reader.ReadInt32());
        }
    }

    [Fact]
    public void Others_may_write_into_it_as_a_buffer()
    {
        using var writer = new WireWriter();
        writer.WriteInt16(1);
        writer.Write<byte>([5, 6]);
        Assert.Equal([0, 1, 5, 6], writer.WrittenSpan.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(int.MaxValue));
    }

    [Fact]
    public void Reset_forgets_what_was_written()
    {
        using var writer = new WireWriter();
        writer.WriteInt64(7);
        writer.Reset();
        Assert.Equal(0, writer.Length);
    }

    [Fact]
    public void A_string_that_no_reader_would_take_is_refused()
    {
        using var writer = new WireWriter();
        Assert.Throws<InvalidOperationException>(() => writer.WriteString(new string('x', 32_768), compact: true));
    }

    [Fact]
    public void Nothing_is_written_after_the_buffer_is_returned()
    {
        var writer = new WireWriter();
        writer.Dispose();
        writer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => writer.WriteInt8(1));
    }
}
