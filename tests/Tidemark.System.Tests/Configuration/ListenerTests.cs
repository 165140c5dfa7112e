using Tidemark.Server.Configuration;

namespace Tidemark.System.Tests.Configuration;

public sealed class ListenerTests
{
    [Fact]
    public void A_list_of_listeners_is_read_with_names_in_capitals()
    {
        Assert.Equal(
            [new("PLAINTEXT", "", 9092), new("CONTROLLER", "127.0.0.1", 9093), new("V6", "::1", 0)],
            Listener.ParseList("listeners", "plaintext://:9092, CONTROLLER://127.0.0.1:9093,V6://[::1]:0"));
    }

    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("PLAINTEXT://host")]
    [InlineData("PLAINTEXT://host:70000")]
    [InlineData("PLAINTEXT://host:-1")]
    [InlineData("://host:9092")]
    [InlineData("PLAINTEXT://::1:9092")]
    [InlineData("A://:1,a://:2")]
    public void What_is_no_listener_is_refused_with_the_key_and_the_value(string value)
    {
        var failure = Assert.Throws<ConfigurationException>(() => Listener.ParseList("listeners", value));
        Assert.StartsWith($"listeners={value}: ", failure.Message);
    }
}
