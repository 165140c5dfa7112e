using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Emission;

/// <summary>What the emission of a struct needs to know about the message that it belongs to.</summary>
public sealed class MessageContext(MessageModel message)
{
    public MessageModel Message { get; } = message;

    /// <summary>The flexible versions among those the message has.</summary>
    public VersionRange Flexible { get; } = message.Flexible.Intersect(message.Versions);

    public bool HasFlexible => !Flexible.IsEmpty;

    /// <summary>What stands for "this version is flexible": a constant where all versions agree.</summary>
    public string FlexibleTerm => !HasFlexible ? "false" : Flexible.Covers(Message.Versions) ? "true" : "flexible";

    public string FlexibleFor(FieldModel field) => field.IsPlain ? "false" : FlexibleTerm;

    /// <summary>A struct's name as it is understood everywhere in the message, beside members of the same name.</summary>
    public string Qualified(FieldType type) => $"{Message.ClassName}.{type.StructName}";

    /// <summary>The condition under which a version lies in a range; null for always, empty for never.</summary>
    public string? Condition(VersionRange range)
    {
        VersionRange all = Message.Versions;
        VersionRange hit = range.Intersect(all);
        if (hit.IsEmpty)
        {
            return "";
        }

        if (hit.Covers(all))
        {
            return null;
        }

        if (hit.Low == hit.High)
        {
            return $"version == {hit.Low}";
        }

        return hit.Low <= all.Low ? $"version <= {hit.High}"
            : hit.High >= all.High ? $"version >= {hit.Low}"
            : $"version is >= {hit.Low} and <= {hit.High}";
    }

    /// <summary>The fewest bytes that a struct takes in any version; at least 1, so that a count is always bounded by the frame.</summary>
    public int LeastSize(string structName)
    {
        int least = int.MaxValue;
        for (int version = Message.Versions.Low; version <= Message.Versions.High; version++)
        {
            least = Math.Min(least, LeastSize(structName, version));
        }

        return Math.Max(1, least);
    }

    private int LeastSize(string structName, int version)
    {
        bool flexible = version >= Flexible.Low && version <= Flexible.High;
        int size = flexible ? 1 : 0;
        foreach (FieldModel field in Message.FindStruct(structName)!.Fields)
        {
            if (!field.IsTagged && field.Versions.Covers(new VersionRange(version, version)))
            {
                size += LeastSize(field, version, flexible && !field.IsPlain);
            }
        }

        return size;
    }

    private int LeastSize(FieldModel field, int version, bool compact)
    {
        if (field.Type.IsArray)
        {
            return compact ? 1 : 4;
        }

        return field.Type.Kind switch
        {
            TypeKind.String => compact ? 1 : 2,
            TypeKind.Bytes or TypeKind.Records => compact ? 1 : 4,
            TypeKind.Struct => field.IsNullable ? 1 : LeastSize(field.Type.StructName, version),
            _ => field.Type.FixedSize,
        };
    }
}
