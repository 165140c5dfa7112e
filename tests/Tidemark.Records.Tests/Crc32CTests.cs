using System.Text;
using Tidemark.Primitives;

namespace Tidemark.Records.Tests;

public class Crc32CTests
{
    [Fact]
    public void The_check_value_of_the_standard_comes_out() =>
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_length_agrees_with_the_definition_bit_by_bit(int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[70_000];
        random.NextBytes(bytes);
        IEnumerable<int> lengths = Enumerable.Range(0, 1100).Concat(Enumerable.Range(0, 30).Select(_ => random.Next(bytes.Length)));
        foreach (int length in lengths)
        {
            ReadOnlySpan<byte> some = bytes.AsSpan(random.Next(bytes.Length - length + 1), length);
            uint expected = ByDefinition(some);
            Assert.True(expected == Crc32C.Compute(some), $"seed {seed}, length {length}");
            Assert.True(expected == ~Crc32C.AppendByStreams(~0u, some), $"seed {seed}, length {length}, in streams");
        }
    }

    [Theory]
    [InlineData(3)]
    public void A_sum_may_be_taken_in_pieces(int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[100_000];
        random.NextBytes(bytes);
        uint whole = Crc32C.Compute(bytes);
        for (int i = 0; i < 50; i++)
        {
            int cut = random.Next(bytes.Length);
            Assert.Equal(whole, ~Crc32C.Append(Crc32C.Append(~0u, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8192)]
    [InlineData(1_048_577)]
    public void Zeros_are_appended_without_reading_them(int count) =>
        Assert.Equal(Crc32C.Append(0x1234_5678, new byte[count]), Crc32C.AppendZeros(0x1234_5678, count));

    private static uint ByDefinition(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~0u;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }
}
