using System.Text.Json;

namespace Tidemark.House.Tests;

/// <summary>A build today and a build next year take the same packages.</summary>
public class PackageTests
{
    [Fact]
    public void Versions_stand_in_one_place() =>
        Rule.Holds(
            from project in ProjectFile.All
            from package in project.Packages
            where package.Attribute("Version") != null || package.Attribute("VersionOverride") != null
            select $"{project.Path} pins {(string?)package.Attribute("Include")} itself");

    [Fact]
    public void Every_project_has_its_lock_file() =>
        Rule.Holds(
            from project in ProjectFile.All
            let file = Path.GetDirectoryName(project.Path)!.Replace('\\', '/') + "/packages.lock.json"
            where !Repository.Files.Contains(file)
            select file);

    [Fact]
    public void The_node_lock_file_names_no_registry_but_the_public_one()
    {
        IEnumerable<string> foreign =
            from path in Repository.Files
            where Path.GetFileName(path) == "package-lock.json"
            from package in JsonDocument.Parse(Repository.Text(path)).RootElement.GetProperty("packages").EnumerateObject()
            where package.Value.TryGetProperty("resolved", out JsonElement resolved) && !resolved.GetString()!.StartsWith("https://registry.npmjs.org/", StringComparison.Ordinal)
            select $"{path}: {package.Name}";
        Rule.Holds(foreign);
    }
}
