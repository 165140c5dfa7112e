using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Emission;

/// <summary>The C# types of fields, their defaults, and the test whether a field differs from its default.</summary>
public static class Defaults
{
    public static string ElementType(FieldType type) => type.Kind switch
    {
        TypeKind.Bool => "bool",
        TypeKind.Int8 => "sbyte",
        TypeKind.Int16 => "short",
        TypeKind.UInt16 => "ushort",
        TypeKind.Int32 => "int",
        TypeKind.UInt32 => "uint",
        TypeKind.Int64 => "long",
        TypeKind.Float64 => "double",
        TypeKind.Uuid => "global::Tidemark.Primitives.Uuid",
        TypeKind.Error => "global::Tidemark.Primitives.ErrorCode",
        TypeKind.String => "string",
        TypeKind.Bytes or TypeKind.Records => "global::System.ReadOnlyMemory<byte>",
        _ => type.StructName,
    };

    public static string PropertyType(FieldModel field)
    {
        string element = ElementType(field.Type);
        string type = field.Type.IsArray ? $"global::System.Collections.Generic.List<{element}>" : element;
        return field.IsNullable ? type + "?" : type;
    }

    /// <summary>Lists and structs that cannot be null are created when they are first asked for.</summary>
    public static bool IsLazy(FieldModel field) => (field.Type.IsArray || field.Type.IsStruct) && !field.IsNullable;

    public static string BackingName(FieldModel field) => "_" + char.ToLowerInvariant(field.Name[0]) + field.Name.Substring(1);

    /// <summary>The initial value, or null where the type's own default is right.</summary>
    public static string? Initializer(FieldModel field)
    {
        if (field.Default is "null")
        {
            return null;
        }

        if (field.Type.IsArray)
        {
            return "[]";
        }

        return field.Type.Kind switch
        {
            TypeKind.String => "\"\"",
            TypeKind.Struct => "new()",
            TypeKind.Bytes or TypeKind.Records => field.IsNullable ? "global::System.ReadOnlyMemory<byte>.Empty" : null,
            _ => field.Default,
        };
    }

    /// <summary>A condition that is true when the field's value is not its default.</summary>
    public static string Differs(FieldModel field)
    {
        string name = field.Name;
        bool toNull = field.Default is "null";
        if (IsLazy(field))
        {
            return field.Type.IsArray ? $"{BackingName(field)} is {{ Count: > 0 }}" : $"{BackingName(field)} is {{ IsDefault: false }}";
        }

        if (toNull)
        {
            return $"{name} is not null";
        }

        if (field.Type.IsArray)
        {
            return $"{name} is not {{ Count: 0 }}";
        }

        return field.Type.Kind switch
        {
            TypeKind.Bool => field.Default is "true" ? $"!{name}" : name,
            TypeKind.Uuid => $"!{name}.IsZero",
            TypeKind.Error => $"{name} != global::Tidemark.Primitives.ErrorCode.None",
            TypeKind.String => field.IsNullable ? $"{name} is not {{ Length: 0 }}" : $"{name}.Length != 0",
            TypeKind.Bytes or TypeKind.Records => field.IsNullable ? $"{name} is not {{ IsEmpty: true }}" : $"!{name}.IsEmpty",
            TypeKind.Struct => $"{name} is not {{ IsDefault: true }}",
            _ => $"{name} != {field.Default ?? "0"}",
        };
    }
}
