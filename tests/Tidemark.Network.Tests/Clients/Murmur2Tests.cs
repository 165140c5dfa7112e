using System.Text;
using Tidemark.Client;
using Tidemark.Client.Producing;

namespace Tidemark.Network.Tests.Clients;

public class Murmur2Tests
{
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Keys_hash_as_in_the_Java_client(string key, int hash) => Assert.Equal(hash, Murmur2.Hash(Encoding.ASCII.GetBytes(key)));

    [Fact]
    public void Addresses_are_read_with_and_without_ports()
    {
        Assert.Equal(
            [new BrokerAddress("a", 1), new BrokerAddress("b.example", 9092), new BrokerAddress("::1", 9093), new BrokerAddress("::1", 9092)],
            BrokerAddress.ParseList("a:1, b.example,[::1]:9093,[::1]"));
        foreach (string bad in new[] { "", ":1", "a:", "a:0", "a:65536", "a:x", "a:-1" })
        {
            Assert.Throws<FormatException>(() => BrokerAddress.ParseList(bad));
        }
    }
}
