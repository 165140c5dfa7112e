namespace Tidemark.Protocol.Generator.Model;

/// <summary>What one value of a field is, before arrays and null are considered.</summary>
public enum TypeKind
{
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    Error,
    String,
    Bytes,
    Records,
    Struct,
}

/// <summary>A field's type: a kind, the struct's name if it is one, and whether the field holds an array of it.</summary>
public readonly record struct FieldType(TypeKind Kind, string StructName, bool IsArray)
{
    public bool IsStruct => Kind == TypeKind.Struct;

    /// <summary>Whether null can be written for it at all.</summary>
    public bool CanBeNull => IsArray || Kind is TypeKind.String or TypeKind.Bytes or TypeKind.Records or TypeKind.Struct;

    /// <summary>The bytes of one value on the wire when that number is fixed, else 0.</summary>
    public int FixedSize => Kind switch
    {
        TypeKind.Bool or TypeKind.Int8 => 1,
        TypeKind.Int16 or TypeKind.UInt16 or TypeKind.Error => 2,
        TypeKind.Int32 or TypeKind.UInt32 => 4,
        TypeKind.Int64 or TypeKind.Float64 => 8,
        TypeKind.Uuid => 16,
        _ => 0,
    };

    public static bool TryParse(string word, out TypeKind kind)
    {
        (bool known, kind) = word switch
        {
            "bool" => (true, TypeKind.Bool),
            "int8" => (true, TypeKind.Int8),
            "int16" => (true, TypeKind.Int16),
            "uint16" => (true, TypeKind.UInt16),
            "int32" => (true, TypeKind.Int32),
            "uint32" => (true, TypeKind.UInt32),
            "int64" => (true, TypeKind.Int64),
            "float64" => (true, TypeKind.Float64),
            "uuid" => (true, TypeKind.Uuid),
            "error" => (true, TypeKind.Error),
            "string" => (true, TypeKind.String),
            "bytes" => (true, TypeKind.Bytes),
            "records" => (true, TypeKind.Records),
            _ => (false, TypeKind.Struct),
        };
        return known;
    }
}
