using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Emission;

/// <summary>Emits the method that reads a message or a struct.</summary>
public static class ReaderEmitter
{
    public static void Emit(CodeText code, MessageContext context, StructModel model, bool isMessage)
    {
        string access = isMessage ? "public" : "internal";
        if (isMessage)
        {
            code.Line("/// <inheritdoc/>");
        }

        code.Open($"{access} static {model.Name} Read(ref WireReader reader, short version)");
        if (isMessage)
        {
            code.Open("if (version is < LowestVersion or > HighestVersion)");
            code.Line($"throw ProtocolException.UnsupportedVersion(\"{model.Name}\", version);");
            code.Close();
            code.Blank();
        }

        if (context.FlexibleTerm == "flexible")
        {
            code.Line($"bool flexible = {context.Condition(context.Flexible)};");
        }

        code.Line($"var value = new {model.Name}();");
        foreach (FieldModel field in model.Fields)
        {
            if (!field.IsTagged)
            {
                EmitField(code, context, field, context.Condition(field.Versions));
            }
        }

        EmitTags(code, context, model);
        code.Line("return value;");
        code.Close();
    }

    public static void EmitList(CodeText code, StructModel model)
    {
        code.Open($"internal static global::System.Collections.Generic.List<{model.Name}> ReadList(ref WireReader reader, short version, int count)");
        code.Line($"var list = new global::System.Collections.Generic.List<{model.Name}>(count);");
        code.Open("for (int i = 0; i < count; i++)");
        code.Line("list.Add(Read(ref reader, version));");
        code.Close();
        code.Blank();
        code.Line("return list;");
        code.Close();
    }

    private static void EmitField(CodeText code, MessageContext context, FieldModel field, string? condition)
    {
        if (condition is not null)
        {
            code.Open($"if ({condition})");
        }

        EmitAssignment(code, context, field);
        if (condition is not null)
        {
            code.Close();
            code.Blank();
        }
    }

    private static void EmitAssignment(CodeText code, MessageContext context, FieldModel field)
    {
        string flexible = context.FlexibleFor(field);
        string target = $"value.{field.Name}";
        string? nullable = field.IsNullable ? context.Condition(field.Nullable) : "";
        if (field.Type is { IsStruct: true, IsArray: true })
        {
            string name = context.Qualified(field.Type);
            string arguments = $"({flexible}, leastElementSize: {context.LeastSize(field.Type.StructName)})";
            if (!field.IsNullable)
            {
                code.Line($"{target} = {name}.ReadList(ref reader, version, reader.ReadCount{arguments});");
                return;
            }

            string count = char.ToLowerInvariant(field.Name[0]) + field.Name.Substring(1) + "Count";
            code.Line($"int {count} = {Choose(nullable, $"reader.ReadNullableCount{arguments}", $"reader.ReadCount{arguments}")};");
            code.Line($"{target} = {count} < 0 ? null : {name}.ReadList(ref reader, version, {count});");
            return;
        }

        if (field.Type.IsStruct)
        {
            string read = $"{context.Qualified(field.Type)}.Read(ref reader, version)";
            string marker = field.IsTagged ? "reader.ReadTaggedIsNull()" : "reader.ReadIsNull()";
            string isNull = nullable is null ? marker : $"{nullable} && {marker}";
            code.Line(nullable is "" ? $"{target} = {read};" : $"{target} = {isNull} ? null : {read};");
            return;
        }

        string method = MethodName(field.Type);
        bool takesForm = field.Type.IsArray || field.Type.FixedSize == 0;
        string argument = takesForm ? flexible : "";
        code.Line($"{target} = {Choose(nullable, $"reader.ReadNullable{method}({argument})", $"reader.Read{method}({argument})")};");
    }

    private static string Choose(string? condition, string whenTrue, string whenFalse) => condition switch
    {
        null => whenTrue,
        "" => whenFalse,
        _ => $"{condition} ? {whenTrue} : {whenFalse}",
    };

    public static string MethodName(FieldType type)
    {
        string name = type.Kind switch
        {
            TypeKind.Error => "ErrorCode",
            TypeKind.Records => "Bytes",
            _ => type.Kind.ToString(),
        };
        return type.IsArray ? name + "List" : name;
    }

    private static void EmitTags(CodeText code, MessageContext context, StructModel model)
    {
        if (!context.HasFlexible)
        {
            return;
        }

        bool sometimes = context.FlexibleTerm == "flexible";
        if (sometimes)
        {
            code.Open("if (flexible)");
        }

        bool any = model.Fields.Any(field => field.IsTagged);
        if (any)
        {
            code.Line("TagSection tags = reader.ReadTags();");
            code.Open("while (reader.NextTag(ref tags))");
            code.Open("switch (tags.Number)");
            foreach (FieldModel field in model.Fields)
            {
                if (field.IsTagged)
                {
                    EmitTag(code, context, field);
                }
            }

            code.Open("default:");
            code.Line("(value.UnknownTags ??= []).Add(reader.ReadUnknownTag(in tags));");
            code.Line("break;");
            code.Close();
            code.Close();
            code.Close();
        }
        else
        {
            code.Line("value.UnknownTags = reader.ReadUnknownTags();");
        }

        if (sometimes)
        {
            code.Close();
        }

        code.Blank();
    }

    private static void EmitTag(CodeText code, MessageContext context, FieldModel field)
    {
        string? condition = context.Condition(field.Versions);
        bool always = condition is null || new VersionRange(field.Versions.Low, field.Versions.High).Covers(context.Flexible);
        code.Open(always ? $"case {field.Tag}:" : $"case {field.Tag} when {condition}:");
        EmitAssignment(code, context, field);
        code.Line("break;");
        code.Close();
    }
}
