using Tidemark.Server.Configuration;

namespace Tidemark.System.Tests.Configuration;

public sealed class PropertyFileTests
{
    [Theory]
    [InlineData("a=1", "a", "1")]
    [InlineData("a = 1", "a", "1")]
    [InlineData("  a:1", "a", "1")]
    [InlineData("a 1", "a", "1")]
    [InlineData("a\t=\t1 ", "a", "1 ")]
    [InlineData("a", "a", "")]
    [InlineData("a==1", "a", "=1")]
    [InlineData("a\\ b=1", "a b", "1")]
    [InlineData("a\\=b=1", "a=b", "1")]
    [InlineData("a=x\\ty\\nz\\u00e9\\q", "a", "x\ty\nz\u00e9q")]
    [InlineData("a=C:\\\\dir", "a", "C:\\dir")]
    [InlineData("a=one, \\\n    two", "a", "one, two")]
    [InlineData("a=b\\\\\nc=d", "a", "b\\")]
    [InlineData("listeners=PLAINTEXT://:9092", "listeners", "PLAINTEXT://:9092")]
    public void A_line_becomes_a_key_and_a_value(string text, string key, string value)
    {
        Property first = PropertyFile.Parse(text)[0];
        Assert.Equal((key, value), (first.Key, first.Value));
    }

    [Theory]
    [InlineData("", "no file is named")]
    [InlineData("nowhere.properties", "there is no such file")]
    public void A_file_that_cannot_be_read_is_named_with_the_reason(string path, string reason) =>
        Assert.Contains(reason, Assert.Throws<ConfigurationException>(() => PropertyFile.Read(path)).Message);

    [Fact]
    public void Comments_and_blank_lines_are_left_out_and_lines_keep_their_number()
    {
        IReadOnlyList<Property> properties = PropertyFile.Parse("# one\n\n  ! two\r\na=1\n   \nb=2\\\n  3\nc=#4\n");
        Assert.Equal([new("a", "1", 4), new("b", "23", 6), new("c", "#4", 8)], properties);
    }

    [Fact]
    public void A_broken_unicode_escape_names_its_line()
    {
        var failure = Assert.Throws<ConfigurationException>(() => PropertyFile.Parse("a=1\nb=\\u12"));
        Assert.Contains("line 2", failure.Message);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var failure = Assert.Throws<ConfigurationException>(() => PropertyFile.Read("/nowhere/at/all.properties"));
        Assert.Equal("cannot read the configuration file /nowhere/at/all.properties: there is no such file", failure.Message);
    }
}
