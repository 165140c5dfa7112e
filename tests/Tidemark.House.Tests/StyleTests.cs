using System.Text.RegularExpressions;

namespace Tidemark.House.Tests;

/// <summary>The rules of CONTRIBUTING.md that a machine can check. Patterns are put together from halves, so that this file keeps them too.</summary>
public partial class StyleTests
{
    private const int LinesMax = 400;

    /// <summary>Where the compiler looks for types that an older framework lacks; a project that targets one supplies them.</summary>
    private const string FrameworkNamespace = "System.Runtime.CompilerServices";

    private static IEnumerable<string> CSharp => Repository.Sources.Where(path => path.EndsWith(".cs", StringComparison.Ordinal));

    private static IEnumerable<string> Tests => CSharp.Where(path => path.StartsWith("tests/", StringComparison.Ordinal));

    [Fact]
    public void No_file_is_longer_than_400_lines() =>
        Rule.Holds(Repository.Sources.Select(path => (path, length: Repository.Lines(path).Length)).Where(file => file.length > LinesMax).Select(file => $"{file.path}: {file.length}"));

    [Fact]
    public void Nothing_is_left_for_later() =>
        Rule.Holds(Repository.Find(Repository.Sources, new Regex(@"\b(TO" + @"DO|FIX" + @"ME|XX" + @"X|HA" + @"CK|NotImplemented" + @"Exception)\b")));

    [Fact]
    public void Tests_wait_for_conditions_and_never_sleep() =>
        Rule.Holds(Repository.Find(Tests, new Regex(@"\b(Thread\.Sle" + @"ep|Task\.Del" + @"ay)\s*\(")));

    [Fact]
    public void No_file_names_a_place_on_somebodys_machine() =>
        Rule.Holds(Repository.Find(
            Repository.Sources.Concat(Repository.Files.Where(path => path.EndsWith(".md", StringComparison.Ordinal))),
            new Regex(@"(?<![\w.])/(wo" + @"rk|ho" + @"me|ro" + @"ot|Us" + @"ers)/\w|(?<![\w.])/tm" + @"p/(?!kafka-logs)\w|\b[A-Z]:\\" + @"\\?Users")));

    [Fact]
    public void Types_and_files_are_named_for_what_they_do()
    {
        Regex declaration = TypeDeclaration();
        IEnumerable<string> types =
            from path in CSharp
            from Match match in declaration.Matches(Repository.Text(path))
            select match.Groups["name"].Value;
        IEnumerable<string> files = CSharp.Select(path => Path.GetFileNameWithoutExtension(path)!);
        string[] empty = ["Manager", "Managers", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Misc"];
        Rule.Holds(types.Concat(files).Distinct().Where(name => CamelWord().Matches(name).Any(word => empty.Contains(word.Value))));
    }

    [Fact]
    public void A_folder_is_a_namespace()
    {
        IEnumerable<string> broken =
            from project in ProjectFile.All
            let folder = Path.GetDirectoryName(project.Path)!.Replace('\\', '/')
            from path in CSharp
            where path.StartsWith(folder + "/", StringComparison.Ordinal)
            let stated = NamespaceDeclaration().Match(Repository.Text(path))
            where stated.Success
            let inside = Path.GetDirectoryName(path)!.Replace('\\', '/')[folder.Length..].Replace('/', '.')
            where stated.Groups["name"].Value != FrameworkNamespace
            where stated.Groups["name"].Value != project.Name + inside || stated.Groups["end"].Value != ";"
            select $"{path}: {stated.Groups["name"].Value}, not {project.Name}{inside}";
        Rule.Holds(broken);
    }

    [Fact]
    public void Test_names_are_sentences() =>
        Rule.Holds(
            from path in Tests
            from Match match in TestMethod().Matches(Repository.Text(path))
            where match.Groups["name"].Value.Count(letter => letter == '_') < 2
            select $"{path}: {match.Groups["name"].Value}");

    [GeneratedRegex(@"^\s*(?:(?:public|internal|private|protected|static|sealed|abstract|partial|readonly|ref|file|unsafe)\s+)*(?:class|interface|enum|struct|record(?:\s+(?:class|struct))?)\s+(?<name>[A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"[A-Z][a-z0-9]*")]
    private static partial Regex CamelWord();

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)(?<end>;?)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"\[\w*(?:Fact|Theory)\b[^\]]*\]\s*(?:\[[^\n]*\]\s*)*public\s+(?:static\s+)?(?:async\s+)?[\w<>]+\s+(?<name>\w+)\s*\(")]
    private static partial Regex TestMethod();
}
