namespace Tidemark.Parsing;

/// <summary>
/// Reads the options of the commands that must start at once, without loading the whole command line parser: <c>--name value</c>,
/// <c>--name=value</c> and flags. Whatever it does not know (help, misspellings, completion) it leaves to the parser.
/// </summary>
internal sealed class QuickArguments
{
    private readonly List<(string Name, string? Value)> _given = [];

    private QuickArguments()
    {
    }

    /// <summary>Reads all arguments after the command's name; null when one of them is not among those named.</summary>
    public static QuickArguments? TryRead(ReadOnlySpan<string> arguments, ReadOnlySpan<string> withValue, ReadOnlySpan<string> flags)
    {
        var read = new QuickArguments();
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            int equals = argument.IndexOf('=');
            string name = argument.StartsWith("--", StringComparison.Ordinal) && equals > 0 ? argument[..equals] : argument;
            if (flags.Contains(argument))
            {
                read._given.Add((argument, null));
            }
            else if (withValue.Contains(name))
            {
                if (name.Length != argument.Length)
                {
                    read._given.Add((name, argument[(equals + 1)..]));
                }
                else if (i + 1 < arguments.Length && !arguments[i + 1].StartsWith('-'))
                {
                    read._given.Add((name, arguments[++i]));
                }
                else
                {
                    return null;
                }
            }
            else
            {
                return null;
            }
        }

        return read;
    }

    public bool Has(string flag) => _given.Exists(g => g.Name == flag);

    /// <summary>The last value given, which counts; null when there is none.</summary>
    public string? Find(string name) => _given.FindLast(g => g.Name == name).Value;

    public IReadOnlyList<string> All(string name) => [.. _given.Where(g => g.Name == name).Select(g => g.Value!)];
}
