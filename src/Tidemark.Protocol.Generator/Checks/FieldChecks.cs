using System.Globalization;
using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Checks;

/// <summary>Checks one field: its ranges, tag, default and options.</summary>
public static class FieldChecks
{
    public static void Check(string path, MessageModel message, FieldModel field, List<Problem> problems)
    {
        foreach (string problem in Find(message, field))
        {
            problems.Add(new Problem(path, field.Place, Diagnostics.Meaning, $"{field.Name}: {problem}"));
        }
    }

    private static IEnumerable<string> Find(MessageModel message, FieldModel field)
    {
        VersionRange here = field.Versions.Intersect(message.Versions);
        if (here.IsEmpty)
        {
            yield return $"{field.Versions} lies outside the message's versions {message.Versions}.";
        }

        if (field.IsNullable && field.Nullable.Intersect(here).IsEmpty)
        {
            yield return $"nullable {field.Nullable} lies outside the field's versions.";
        }

        if (field.IsNullable && !field.Type.CanBeNull)
        {
            yield return "a value of this type cannot be null.";
        }

        if (field.IsTagged && !message.Flexible.Covers(here))
        {
            yield return $"a tagged field exists only in flexible versions ({message.Flexible}).";
        }

        if (field.IsPlain && field.Type is not { Kind: TypeKind.String or TypeKind.Bytes, IsArray: false })
        {
            yield return "only strings and bytes have a form that 'plain' could keep.";
        }

        if (field.Type.IsArray && !HasArrays(field.Type.Kind))
        {
            yield return "arrays of this type are not supported; no message has one.";
        }

        if (field.Default is { } value && !DefaultFits(field, value))
        {
            yield return $"'{value}' is not a default for this type.";
        }
    }

    private static bool HasArrays(TypeKind kind) => kind
        is TypeKind.Int8 or TypeKind.Int16 or TypeKind.Int32 or TypeKind.Int64 or TypeKind.Uuid or TypeKind.String or TypeKind.Struct;

    private static bool DefaultFits(FieldModel field, string value)
    {
        if (value == "null")
        {
            return field.IsNullable;
        }

        if (field.Type.IsArray)
        {
            return false;
        }

        return field.Type.Kind switch
        {
            TypeKind.Bool => value is "true" or "false",
            TypeKind.Int8 => Within(value, sbyte.MinValue, sbyte.MaxValue),
            TypeKind.Int16 => Within(value, short.MinValue, short.MaxValue),
            TypeKind.UInt16 => Within(value, ushort.MinValue, ushort.MaxValue),
            TypeKind.Int32 => Within(value, int.MinValue, int.MaxValue),
            TypeKind.UInt32 => Within(value, uint.MinValue, uint.MaxValue),
            TypeKind.Int64 => Within(value, long.MinValue, long.MaxValue),
            _ => false,
        };
    }

    private static bool Within(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most;
}
