using System.Xml.Linq;

namespace Tidemark.House.Tests;

/// <summary>What a project file says about the project's place in the house.</summary>
public sealed record ProjectFile(string Path, string Name, string Purity, IReadOnlyList<string> References, IReadOnlyList<XElement> Packages)
{
    public static IReadOnlyList<ProjectFile> All { get; } =
        Repository.Files.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Select(Read).ToArray();

    /// <summary>The projects that the table of layers speaks of: everything but the tests and benchmarks.</summary>
    public static IEnumerable<ProjectFile> Layered => All.Where(project => project.Path.StartsWith("src/", StringComparison.Ordinal) || project.Path.StartsWith("simulation/", StringComparison.Ordinal));

    private static ProjectFile Read(string path)
    {
        XDocument document = XDocument.Parse(Repository.Text(path));
        string[] references = document.Descendants("ProjectReference")
            .Select(reference => System.IO.Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include") ?? "").Replace('\\', '/')))
            .ToArray();
        string purity = document.Descendants("TidemarkPurity").SingleOrDefault()?.Value ?? "–";
        return new ProjectFile(path, System.IO.Path.GetFileNameWithoutExtension(path), purity, references, document.Descendants("PackageReference").ToArray());
    }
}
