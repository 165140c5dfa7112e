namespace Tidemark.House.Tests;

/// <summary>The page on architecture says which project may know which. Here the project files are held against it.</summary>
public class LayerTests
{
    [Fact]
    public void Every_project_stands_in_the_table_and_every_row_is_a_project() =>
        Assert.Equal(
            ProjectFile.Layered.Select(project => project.Name).Order(StringComparer.Ordinal),
            LayerTable.Rows.Select(row => row.Project).Order(StringComparer.Ordinal));

    [Fact]
    public void A_project_references_only_what_its_row_allows()
    {
        IEnumerable<string> broken =
            from project in ProjectFile.Layered
            let allowed = LayerTable.Allowed(Row(project.Name))
            from reference in Reachable(project.Name)
            where !IsStandIn(reference) && !allowed.Contains(reference) && Row(reference).Layer != "build"
            select $"{project.Name} reaches {reference}";
        Rule.Holds(broken);
    }

    [Fact]
    public void A_row_allows_only_lower_layers()
    {
        IEnumerable<string> broken =
            from row in LayerTable.Rows
            where row.Number != null
            from allowed in LayerTable.Allowed(row)
            where Row(allowed).Number >= row.Number
            select $"{row.Project} (layer {row.Layer}) may reference {allowed} (layer {Row(allowed).Layer})";
        Rule.Holds(broken);
    }

    [Fact]
    public void The_purity_in_the_table_is_the_one_that_the_build_enforces() =>
        Assert.Equal(
            ProjectFile.Layered.OrderBy(project => project.Name, StringComparer.Ordinal).Select(project => $"{project.Name}: {project.Purity}"),
            LayerTable.Rows.OrderBy(row => row.Project, StringComparer.Ordinal).Select(row => $"{row.Project}: {row.Purity}"));

    [Fact]
    public void Nothing_that_is_shipped_references_the_simulator_or_a_test()
    {
        IEnumerable<string> broken =
            from project in ProjectFile.All
            where project.Path.StartsWith("src/", StringComparison.Ordinal)
            from reference in project.References
            where !ProjectFile.All.Single(other => other.Name == reference).Path.StartsWith("src/", StringComparison.Ordinal)
            select $"{project.Name} references {reference}";
        Rule.Holds(broken);
    }

    [Fact]
    public void The_solution_lists_every_project()
    {
        string solution = Repository.Text("Tidemark.slnx");
        Rule.Holds(ProjectFile.All.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal)).Select(project => project.Path));
    }

    /// <summary>An empty project under eng/ that takes a package's place holds no code, and stands in no layer.</summary>
    private static bool IsStandIn(string project) => ProjectFile.All.Single(each => each.Name == project).Path.StartsWith("eng/", StringComparison.Ordinal);

    private static LayerRow Row(string project) => LayerTable.Rows.Single(row => row.Project == project);

    private static HashSet<string> Reachable(string project)
    {
        HashSet<string> reached = new(StringComparer.Ordinal);
        Queue<string> open = new([project]);
        while (open.TryDequeue(out string? name))
        {
            foreach (string reference in ProjectFile.All.Single(other => other.Name == name).References.Where(reached.Add))
            {
                open.Enqueue(reference);
            }
        }

        return reached;
    }
}
