using Tidemark.Primitives;
using Tidemark.Tests.Shared;

namespace Tidemark.Protocol.Tests.Wire;

public class WireReaderTests
{
    private delegate void Reading(ref WireReader reader);

    [Theory]
    [InlineData("00", 0u)]
    [InlineData("7F", 127u)]
    [InlineData("8001", 128u)]
    [InlineData("FFFFFFFF0F", uint.MaxValue)]
    public void Integers_of_variable_length_read_back(string hex, uint expected)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        Assert.Equal(expected, reader.ReadVarUInt32());
        using var writer = new WireWriter();
        writer.WriteVarUInt32(expected);
        Assert.Equal(hex, Convert.ToHexString(writer.WrittenSpan));
        Assert.Equal(VarInt.SizeOf(expected), hex.Length / 2);
    }

    [Theory]
    [InlineData(0L, "00")]
    [InlineData(-1L, "01")]
    [InlineData(1L, "02")]
    [InlineData(long.MinValue, "FFFFFFFFFFFFFFFFFF01")]
    [InlineData(long.MaxValue, "FEFFFFFFFFFFFFFFFF01")]
    public void Signed_integers_of_variable_length_are_zigzag_encoded(long value, string hex)
    {
        using var writer = new WireWriter();
        writer.WriteVarInt64(value);
        Assert.Equal(hex, Convert.ToHexString(writer.WrittenSpan));
        var reader = new WireReader(writer.WrittenMemory);
        Assert.Equal(value, reader.ReadVarInt64());
    }

    [Theory]
    [InlineData("FFFFFFFF10")]
    [InlineData("8080808080")]
    [InlineData("80")]
    public void An_integer_of_variable_length_that_does_not_fit_or_end_is_refused(string hex) =>
        Refuses(hex, (ref WireReader reader) => reader.ReadVarUInt32());

    [Fact]
    public void A_count_larger_than_the_frame_is_refused_before_memory_is_taken()
    {
        const long BytesMax = 64 * 1024;
        byte[] frame = Convert.FromHexString("7FFFFFFF0000");
        Assert.InRange(Allocated.By(Refuse, allowed: BytesMax), 0, BytesMax);

        void Refuse()
        {
            Refuses(frame, (ref WireReader reader) => reader.ReadInt32List(compact: false));
            Refuses(frame, (ref WireReader reader) => reader.ReadCount(compact: false, leastElementSize: 1));
            Refuses(frame, (ref WireReader reader) => reader.ReadNullableBytes(compact: false));
        }
    }

    [Fact]
    public void A_compact_string_longer_than_the_plain_form_could_say_is_refused()
    {
        byte[] frame = new byte[40_000];
        frame[0] = 0x81;
        frame[1] = 0x80;
        frame[2] = 0x02;
        Refuses(frame, (ref WireReader reader) => reader.ReadString(compact: true));
    }

    [Theory]
    [InlineData("FFFF", false)]
    [InlineData("00", true)]
    public void Null_is_refused_where_the_message_allows_none(string hex, bool compact) =>
        Refuses(hex, (ref WireReader reader) => reader.ReadString(compact));

    [Theory]
    [InlineData("02" + "0100" + "0100")]
    [InlineData("02" + "0100" + "0000")]
    [InlineData("01" + "0005" + "00")]
    [InlineData("FFFFFFFF0F")]
    public void Tags_that_do_not_ascend_or_do_not_fit_are_refused(string hex) =>
        Refuses(hex, (ref WireReader reader) => reader.ReadUnknownTags());

    [Fact]
    public void A_tag_whose_value_is_shorter_than_announced_is_refused()
    {
        byte[] frame = Convert.FromHexString("01" + "0002" + "0000");
        Refuses(frame, (ref WireReader reader) =>
        {
            TagSection tags = reader.ReadTags();
            reader.NextTag(ref tags);
            reader.ReadInt8();
            reader.NextTag(ref tags);
        });
    }

    [Fact]
    public void Bytes_are_a_view_on_the_frame()
    {
        byte[] frame = [3, 10, 20];
        var reader = new WireReader(frame);
        ReadOnlyMemory<byte> view = reader.ReadBytes(compact: true);
        frame[1] = 99;
        Assert.Equal(99, view.Span[0]);
    }

    private static void Refuses(string hex, Reading read) => Refuses(Convert.FromHexString(hex), read);

    private static void Refuses(byte[] frame, Reading read) => Assert.Throws<ProtocolException>(() =>
    {
        var reader = new WireReader(frame);
        read(ref reader);
    });
}
