using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Protocol.Tests.Catalog;

public class FrameTests
{
    [Fact]
    public void A_metadata_record_is_framed_by_frame_version_number_and_version()
    {
        using var writer = new WireWriter();
        MetadataRecordFrame.Write(writer, new FeatureLevelRecord { Name = "a", FeatureLevel = 29 }, 0);
        Assert.Equal("010C00" + "0261" + "001D" + "00", Convert.ToHexString(writer.WrittenSpan));
        var read = Assert.IsType<FeatureLevelRecord>(MetadataRecordFrame.Read(writer.WrittenMemory, out short version));
        Assert.Equal((0, 29), (version, read.FeatureLevel));
    }

    [Theory]
    [InlineData("020C000261001D00")]
    [InlineData("010D000261001D00")]
    [InlineData("010C010261001D00")]
    [InlineData("010C000261001D0000")]
    [InlineData("01FFFF0300")]
    [InlineData("")]
    public void A_frame_that_is_not_known_or_does_not_end_with_its_record_is_refused(string hex) =>
        Assert.Throws<ProtocolException>(() => MetadataRecordFrame.Read(Convert.FromHexString(hex)));

    [Fact]
    public void A_coordinators_key_opens_with_its_number_and_its_value_with_a_version()
    {
        using var writer = new WireWriter();
        CoordinatorRecordFrame.WriteKey(writer, new OffsetCommitKey { Group = "g", Topic = "t", Partition = 3 });
        Assert.Equal("0001" + "000167" + "000174" + "00000003", Convert.ToHexString(writer.WrittenSpan));
        var key = Assert.IsType<OffsetCommitKey>(CoordinatorRecordFrame.ReadKey(CoordinatorLog.Groups, writer.WrittenMemory));
        Assert.Equal("t", key.Topic);

        using var values = new WireWriter();
        CoordinatorRecordFrame.WriteValue(values, new OffsetCommitValue { Offset = 9, TopicId = new Uuid(0, 1) }, 4);
        var value = Assert.IsType<OffsetCommitValue>(CoordinatorRecordFrame.ReadValue(CoordinatorLog.Groups, 1, values.WrittenMemory));
        Assert.Equal((9L, new Uuid(0, 1)), (value.Offset, value.TopicId));
        Assert.Throws<ProtocolException>(() => CoordinatorRecordFrame.ReadKey(CoordinatorLog.Transactions, writer.WrittenMemory));
    }

    [Fact]
    public void Headers_follow_flexibility_but_ApiVersions_answers_with_the_first()
    {
        ApiDescriptor fetch = MessageCatalog.Api(ApiKey.Fetch);
        Assert.Equal((1, 0), (fetch.RequestHeaderVersion(11), fetch.ResponseHeaderVersion(11)));
        Assert.Equal((2, 1), (fetch.RequestHeaderVersion(12), fetch.ResponseHeaderVersion(12)));
        ApiDescriptor versions = MessageCatalog.Api(ApiKey.ApiVersions);
        Assert.Equal((2, 0), (versions.RequestHeaderVersion(4), versions.ResponseHeaderVersion(4)));
    }

    [Fact]
    public void Unknown_retired_and_unstable_are_told_apart()
    {
        Assert.False(MessageCatalog.TryGetApi(93, out _));
        Assert.False(MessageCatalog.TryGetApi(-1, out _));
        Assert.True(MessageCatalog.TryGetApi(4, out ApiDescriptor retired) && retired.IsRetired && !retired.Supports(0));
        ApiDescriptor producer = MessageCatalog.Api(ApiKey.InitProducerId);
        Assert.Equal((5, 6), (producer.HighestStableVersion, producer.HighestVersion));
        Assert.Equal(93, MessageCatalog.Apis.Count());
    }
}
