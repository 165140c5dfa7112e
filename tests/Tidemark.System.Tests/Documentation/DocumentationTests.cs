using Tidemark.Server.Documentation;

namespace Tidemark.System.Tests.Documentation;

public sealed class DocumentationTests
{
    [Fact]
    public void The_page_on_configuration_is_what_the_tables_say() => Compare("configuration", "CONFIGURATION.md", ConfigurationPage.Write());

    [Fact]
    public void The_page_on_the_protocol_is_what_a_node_serves() => Compare("protocol", "PROTOCOL.md", ProtocolPage.Write());

    private static void Compare(string command, string file, string expected)
    {
        string path = Path.Combine(Repository.Root, "docs", file);
        Assert.True(File.ReadAllText(path) == expected, $"docs/{file} is out of date: ./tidemark docs {command} > docs/{file}");
    }
}
