using System.CommandLine;

namespace Tidemark.Parsing;

/// <summary><c>--json</c>, which means the same on every command that has it.</summary>
internal static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write JSON." };
}
