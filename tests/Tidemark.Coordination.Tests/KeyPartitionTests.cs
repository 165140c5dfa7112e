using Xunit;

namespace Tidemark.Coordination.Tests;

public class KeyPartitionTests
{
    /// <summary>The hashes are Java's: "".hashCode() is 0, "a" is 97, and "polygenelubricants" is the smallest integer; "my-group" and "copy-0" have negative ones.</summary>
    [Theory]
    [InlineData("", 50, 0)]
    [InlineData("a", 50, 47)]
    [InlineData("polygenelubricants", 50, 0)]
    [InlineData("console-consumer-1", 50, 24)]
    [InlineData("my-group", 50, 12)]
    [InlineData("copy-0", 50, 0)]
    public void A_key_has_the_partition_that_Java_gives_it(string key, int partitions, int expected) =>
        Assert.Equal(expected, KeyPartition.Of(key, partitions));
}
