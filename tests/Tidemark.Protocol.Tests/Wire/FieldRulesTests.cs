using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Protocol.Tests.Wire;

/// <summary>What happens to fields that a version lacks, to null and to tags that nobody knows.</summary>
public class FieldRulesTests
{
    [Fact]
    public void A_value_that_a_version_cannot_carry_is_not_dropped_in_silence()
    {
        var request = new FindCoordinatorRequest { KeyType = 1, Key = "group" };
        Assert.Contains("FindCoordinatorRequest.KeyType", Assert.Throws<InvalidOperationException>(() => Bytes(request, 0)).Message);
    }

    [Fact]
    public void An_ignorable_value_that_a_version_cannot_carry_is_dropped()
    {
        var response = new FindCoordinatorResponse { ThrottleTimeMs = 500, Host = "" };
        Assert.Equal(Bytes(new FindCoordinatorResponse(), 0), Bytes(response, 0));
    }

    [Fact]
    public void A_field_that_a_version_lacks_has_its_default_when_it_is_read()
    {
        var reader = new WireReader(Bytes(new ListOffsetsResponse { Topics = [new() { Name = "t", Partitions = [new() { Offset = 5 }] }] }, 1));
        ListOffsetsResponse read = ListOffsetsResponse.Read(ref reader, 1);
        Assert.Equal(-1, read.Topics[0].Partitions[0].LeaderEpoch);
    }

    [Fact]
    public void Null_is_refused_in_a_version_that_has_no_null()
    {
        var request = new MetadataRequest { Topics = null };
        Assert.Throws<InvalidOperationException>(() => Bytes(request, 0));
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFF], Bytes(request, 1));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(19)]
    [InlineData(-1)]
    public void A_version_that_does_not_exist_is_refused_both_ways(short version)
    {
        Assert.Throws<InvalidOperationException>(() => Bytes(new FetchRequest(), version));
        Assert.Throws<ProtocolException>(() =>
        {
            var reader = new WireReader(new byte[100]);
            FetchRequest.Read(ref reader, version);
        });
    }

    [Fact]
    public void Unknown_tags_are_kept_and_written_between_the_known()
    {
        var snapshot = new FetchRequest.FetchPartition { ReplicaDirectoryId = new Uuid(1, 2), UnknownTags = [new(5, new byte[] { 1, 2, 3 })] };
        var request = new FetchRequest
        {
            ClusterId = "c",
            UnknownTags = [new(2, new byte[] { 7 }), new(900, ReadOnlyMemory<byte>.Empty)],
            Topics = [new() { Partitions = [snapshot] }],
        };
        byte[] bytes = Bytes(request, 18);
        var reader = new WireReader(bytes);
        FetchRequest read = FetchRequest.Read(ref reader, 18);
        Assert.Equal([2u, 900u], read.UnknownTags!.Select(tag => tag.Number));
        Assert.Equal(new byte[] { 1, 2, 3 }, read.Topics[0].Partitions[0].UnknownTags![0].Value.ToArray());
        Assert.Equal(bytes, Bytes(read, 18));
    }

    [Fact]
    public void A_tag_larger_than_127_bytes_has_its_size_before_it()
    {
        var record = new BeginTransactionRecord { Name = new string('x', 300) };
        byte[] bytes = Bytes(record, 0);
        Assert.Equal([1, 0, 0xAE, 0x02, 0xAD, 0x02, (byte)'x'], bytes[..7]);
        var reader = new WireReader(bytes);
        Assert.Equal(record.Name, BeginTransactionRecord.Read(ref reader, 0).Name);
    }

    [Fact]
    public void A_tagged_struct_that_is_null_is_one_zero_byte()
    {
        var value = new ConsumerGroupMemberMetadataValue { ClassicMemberMetadata = null };
        byte[] bytes = Bytes(value, 0);
        Assert.Equal([1, 0, 1, 0], bytes[^4..]);
        var reader = new WireReader(bytes);
        Assert.Null(ConsumerGroupMemberMetadataValue.Read(ref reader, 0).ClassicMemberMetadata);
    }

    private static byte[] Bytes(IMessage message, short version)
    {
        using var writer = new WireWriter();
        message.Write(writer, version);
        return writer.WrittenSpan.ToArray();
    }
}
