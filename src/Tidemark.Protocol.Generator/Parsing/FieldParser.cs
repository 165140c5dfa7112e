using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>
/// Reads a field:
/// <code>
/// Name  type  [versions] [nullable versions] [tag number] [key] [ignorable] [plain] [= default]
/// </code>
/// A question mark after the type says that the field may be null in every version it has; brackets make an array.
/// </summary>
public static class FieldParser
{
    public static FieldModel? Parse(TokenReader line)
    {
        Place place = line.Place;
        if (line.TakeName("a field's name") is not { } name)
        {
            return null;
        }

        Place typePlace = line.Place;
        if (line.Take("the field's type") is not { } word)
        {
            return null;
        }

        bool nullable = word.EndsWith("?", StringComparison.Ordinal);
        if (ParseType(nullable ? word.Substring(0, word.Length - 1) : word) is not { } type)
        {
            line.Fail(typePlace, $"'{word}' is not a type.");
            return null;
        }

        var field = new FieldModel(
            name, type, VersionRange.All, nullable ? VersionRange.All : VersionRange.None, -1, false, false, false, null, place);
        while (!line.AtEnd)
        {
            if (ParseOption(line, field) is not { } next)
            {
                return null;
            }

            field = next;
        }

        return field;
    }

    private static FieldType? ParseType(string word)
    {
        bool array = word.Length > 2 && word[0] == '[' && word[word.Length - 1] == ']';
        string element = array ? word.Substring(1, word.Length - 2) : word;
        if (FieldType.TryParse(element, out TypeKind kind))
        {
            return new FieldType(kind, "", array);
        }

        return TokenReader.IsName(element) ? new FieldType(TypeKind.Struct, element, array) : null;
    }

    private static FieldModel? ParseOption(TokenReader line, FieldModel field)
    {
        if (line.PeekIsVersions())
        {
            return line.TryTakeVersions(out VersionRange versions) ? field with { Versions = versions } : null;
        }

        Place place = line.Place;
        string word = line.Take("an option")!;
        switch (word)
        {
            case "nullable":
                return line.TryTakeVersions(out VersionRange nullable) ? field with { Nullable = nullable } : null;
            case "tag":
                return line.TryTakeNumber("a tag", out int tag) ? field with { Tag = tag } : null;
            case "ignorable":
                return field with { IsIgnorable = true };
            case "key":
                return field with { IsKey = true };
            case "plain":
                return field with { IsPlain = true };
            case "=":
                return line.Take("the default") is { } value ? field with { Default = value } : null;
            default:
                line.Fail(place, $"'{word}' is not an option of a field; known are a version range, nullable, tag, key, ignorable, plain and = default.");
                return null;
        }
    }
}
