using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Tidemark.Parsing;

/// <summary>Limits of options that take a number. What is no number, or none that is allowed, is answered with what is.</summary>
internal static class NumberLimits
{
    public static Option<T> Between<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        option.CustomParser = result => Read(option, result, result.Tokens[^1], least, most);
        return option;
    }

    public static Option<T?> Between<T>(this Option<T?> option, T least, T most)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        option.CustomParser = result => Read(option, result, result.Tokens[^1], least, most);
        return option;
    }

    public static Option<T[]> Between<T>(this Option<T[]> option, T least, T most)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        option.CustomParser = result => [.. result.Tokens.Select(token => Read(option, result, token, least, most))];
        return option;
    }

    public static Argument<T> From<T>(this Argument<T> argument, T least)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        argument.CustomParser = result => Read(argument, result, result.Tokens[^1], least, T.MaxValue);
        return argument;
    }

    public static Option<T> From<T>(this Option<T> option, T least)
        where T : struct, INumber<T>, IMinMaxValue<T> => option.Between(least, T.MaxValue);

    public static Option<T?> From<T>(this Option<T?> option, T least)
        where T : struct, INumber<T>, IMinMaxValue<T> => option.Between(least, T.MaxValue);

    public static Option<T[]> From<T>(this Option<T[]> option, T least)
        where T : struct, INumber<T>, IMinMaxValue<T> => option.Between(least, T.MaxValue);

    private static T Read<T>(Symbol option, ArgumentResult result, Token token, T least, T most)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        bool isWhole = T.One / (T.One + T.One) == T.Zero;
        NumberStyles style = isWhole ? NumberStyles.AllowLeadingSign : NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (!T.TryParse(token.Value, style, CultureInfo.InvariantCulture, out T number) || number < least || number > most)
        {
            string upTo = most == T.MaxValue ? "" : $" to {most.ToString(null, CultureInfo.InvariantCulture)}";
            result.AddError($"{option.Name} {token.Value}: a {(isWhole ? "whole " : "")}number from {least.ToString(null, CultureInfo.InvariantCulture)}{upTo} is allowed");
        }

        return number;
    }
}
