using Tidemark.Protocol.Generator.Model;
using Tidemark.Protocol.Generator.Parsing;

namespace Tidemark.Protocol.Generator.Checks;

/// <summary>
/// Finds what a definition says but cannot be. Only files without problems are emitted, so emission relies on what is checked here.
/// </summary>
public static class MessageChecks
{
    public static DefinitionFile Check(DefinitionFile file)
    {
        if (file.Header is not { } header || file.Problems.Count > 0)
        {
            return file;
        }

        var problems = new List<Problem>();
        CheckFileName(file, header, problems);
        foreach (MessageModel message in file.Messages)
        {
            CheckVersions(file.Path, message, problems);
            new StructChecks(file.Path, message, problems).Run();
        }

        return file with { Problems = new EquatableArray<Problem>([.. problems]) };
    }

    private static void CheckFileName(DefinitionFile file, HeaderModel header, List<Problem> problems)
    {
        string expected = header.Key >= 0 ? $"{header.Key:00}_{header.Name}" : header.Name;
        if (Path.GetFileNameWithoutExtension(file.Path) != expected)
        {
            problems.Add(new Problem(file.Path, header.Place, Diagnostics.Meaning, $"The file that defines this is called {expected}.kmsg."));
        }

        if (header.Kind == DefinitionKinds.Api && !header.IsRetired && !header.OnBroker && !header.OnController)
        {
            problems.Add(new Problem(file.Path, header.Place, Diagnostics.Meaning, "An API is served somewhere: 'on broker', 'on controller' or both."));
        }
    }

    private static void CheckVersions(string path, MessageModel message, List<Problem> problems)
    {
        if (message.Versions.High == VersionRange.Open)
        {
            problems.Add(new Problem(path, message.Place, Diagnostics.Meaning, "A message's highest version is written out: v0-3, not v0+."));
        }

        if (!message.Flexible.IsEmpty && message.Flexible.High != VersionRange.Open)
        {
            problems.Add(new Problem(path, message.Place, Diagnostics.Meaning, "Flexible versions have no end: write them with a plus sign."));
        }
    }
}
