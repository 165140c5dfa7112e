using System.Text.RegularExpressions;

namespace Tidemark.House.Tests;

/// <summary>What the pages promise exists.</summary>
public partial class DocumentationTests
{
    [Fact]
    public void Every_link_to_a_file_leads_to_one()
    {
        IEnumerable<string> broken =
            from page in Repository.Files
            where page.EndsWith(".md", StringComparison.Ordinal)
            from Match link in RelativeLink().Matches(Repository.Text(page))
            let target = Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, link.Groups["path"].Value))
            where !File.Exists(target) && !Directory.Exists(target)
            select $"{page}: {link.Groups["path"].Value}";
        Rule.Holds(broken);
    }

    [Fact]
    public void Every_command_on_a_page_is_a_file_that_can_be_run()
    {
        IEnumerable<string> broken =
            from page in Repository.Files
            where page.EndsWith(".md", StringComparison.Ordinal)
            from Match command in CommandLine().Matches(Repository.Text(page))
            let file = Path.Combine(Repository.Root, command.Groups["name"].Value)
            where !File.Exists(file) || (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & UnixFileMode.UserExecute) == 0)
            select $"{page}: {command.Value}";
        Rule.Holds(broken);
    }

    [Fact]
    public void Every_test_that_a_page_names_exists()
    {
        HashSet<string> tests =
        [
            .. from file in Repository.Files
               where file.StartsWith("tests/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
               from Match test in TestMethod().Matches(Repository.Text(file))
               select test.Groups["name"].Value,
        ];
        IEnumerable<string> broken =
            from page in Repository.Files
            where page.StartsWith("docs/", StringComparison.Ordinal) && page.EndsWith(".md", StringComparison.Ordinal)
            from Match test in TestName().Matches(Repository.Text(page))
            where !tests.Contains(test.Groups["name"].Value)
            select $"{page}: {test.Groups["name"].Value}";
        Rule.Holds(broken);
    }

    [GeneratedRegex(@"`(?<name>[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){2,})`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"public (?:async )?(?:void|Task) (?<name>\w+)\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"\]\((?<path>(?!\w+:|#)[^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex RelativeLink();

    [GeneratedRegex(@"^\s*\./(?<name>[\w.-]+)", RegexOptions.Multiline)]
    private static partial Regex CommandLine();
}
