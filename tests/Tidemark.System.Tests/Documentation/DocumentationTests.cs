using Tidemark.Metadata.Configuration;
using Tidemark.Server.Documentation;

namespace Tidemark.System.Tests.Documentation;

public sealed class DocumentationTests
{
    [Fact]
    public void The_page_on_configuration_is_what_the_tables_say() => Compare("configuration", "CONFIGURATION.md", ConfigurationPage.Write());

    [Fact]
    public void The_page_on_the_protocol_is_what_a_node_serves() => Compare("protocol", "PROTOCOL.md", ProtocolPage.Write());

    [Fact]
    public void A_key_that_nothing_reads_is_marked_and_none_that_is_read()
    {
        // Where keys are defined, described and checked they are not heeded yet.
        string sources = Path.Combine(Repository.Root, "src");
        string read = string.Concat(Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}") && Path.GetFileName(Path.GetDirectoryName(file)) is not ("Keys" or "Documentation") && !file.EndsWith("BrokerConfigRules.cs", StringComparison.Ordinal))
            .Select(File.ReadAllText));
        bool IsRead(string key) => read.Contains($"\"{key}\"", StringComparison.Ordinal);
        HashSet<string> byTopics = [.. ConfigTable.Topic.Keys.Where(k => IsRead(k.Name)).SelectMany(k => k.BrokerSynonyms)];
        IEnumerable<string> wrong =
            from line in ConfigurationPage.Write().Split('\n')
            where line.StartsWith("| `", StringComparison.Ordinal)
            let key = line[3..line.IndexOf('`', 3)]
            where IsRead(key) || byTopics.Contains(key) ? line.Contains("(*no effect*)", StringComparison.Ordinal) : !line.EndsWith(") |", StringComparison.Ordinal)
            select line;
        Assert.Empty(wrong);
    }

    private static void Compare(string command, string file, string expected)
    {
        string path = Path.Combine(Repository.Root, "docs", file);
        Assert.True(File.ReadAllText(path) == expected, $"docs/{file} is out of date: ./tidemark docs {command} > docs/{file}");
    }
}
