using System.CommandLine;
using System.CommandLine.Parsing;

namespace Tidemark.Parsing;

/// <summary>Options and arguments that take one of a few words. Another one is answered with those that there are; shells complete them.</summary>
internal static class Choices
{
    public static Option<T> OneOf<T>(this Option<T> option, params string[] allowed) => option.OneOf(StringComparer.Ordinal, allowed);

    public static Option<T> OneOf<T>(this Option<T> option, StringComparer comparer, params string[] allowed)
    {
        option.CompletionSources.Add(allowed);
        option.Validators.Add(result => Require(option.Name, result, allowed, comparer));
        return option;
    }

    public static Argument<T> OneOf<T>(this Argument<T> argument, params string[] allowed)
    {
        argument.CompletionSources.Add(allowed);
        argument.Validators.Add(result => Require(argument.Name, result, allowed, StringComparer.Ordinal));
        return argument;
    }

    /// <summary>The words as people list them: <c>a, b or c</c>.</summary>
    public static string Or(IEnumerable<string> words)
    {
        string[] all = [.. words];
        return all.Length < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }

    private static void Require(string name, SymbolResult result, string[] allowed, StringComparer comparer)
    {
        foreach (Token wrong in result.Tokens.Where(token => !allowed.Contains(token.Value, comparer)))
        {
            result.AddError($"{name} {wrong.Value}: {Or(allowed)} is allowed");
        }
    }
}
