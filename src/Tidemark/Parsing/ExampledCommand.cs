using System.CommandLine;

namespace Tidemark.Parsing;

/// <summary>A command whose help ends with lines to copy.</summary>
internal sealed class ExampledCommand(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;
}
