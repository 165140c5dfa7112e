using System.CommandLine;

namespace Tidemark.Parsing;

/// <summary>Options that mean the same on every command that has them.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Write JSON." };
}
