using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Emission;

/// <summary>Emits the method that writes a message or a struct.</summary>
public static class WriterEmitter
{
    public static void Emit(CodeText code, MessageContext context, StructModel model, bool isMessage)
    {
        if (isMessage)
        {
            code.Line("/// <inheritdoc/>");
        }

        code.Open($"{(isMessage ? "public" : "internal")} void Write(WireWriter writer, short version)");
        if (isMessage)
        {
            code.Open("if (version is < LowestVersion or > HighestVersion)");
            code.Line($"throw WireWriter.UnsupportedVersion(\"{model.Name}\", version);");
            code.Close();
            code.Blank();
        }

        if (context.FlexibleTerm == "flexible")
        {
            code.Line($"bool flexible = {context.Condition(context.Flexible)};");
        }

        foreach (FieldModel field in model.Fields)
        {
            EmitField(code, context, model, field);
        }

        EmitTags(code, context, model);
        code.Close();
    }

    public static void EmitList(CodeText code, StructModel model)
    {
        code.Open($"internal static void WriteList(WireWriter writer, global::System.Collections.Generic.List<{model.Name}>? list, short version, bool flexible)");
        code.Line("writer.WriteCount(list?.Count ?? 0, flexible);");
        code.Open("for (int i = 0; list is not null && i < list.Count; i++)");
        code.Line("list[i].Write(writer, version);");
        code.Close();
        code.Close();
    }

    private static void EmitField(CodeText code, MessageContext context, StructModel model, FieldModel field)
    {
        string? condition = context.Condition(field.Versions);
        if (!field.IsTagged)
        {
            if (condition is not null)
            {
                code.Open($"if ({condition})");
            }

            EmitValue(code, context, model, field);
            if (condition is not null)
            {
                code.Close();
            }
        }

        if (condition is not null && !field.IsIgnorable)
        {
            string lacks = field.IsTagged ? $"if (!({condition}) && {Defaults.Differs(field)})" : $"else if ({Defaults.Differs(field)})";
            code.Open(lacks);
            code.Line($"throw WireWriter.NotInVersion(\"{FullName(context, model, field)}\", version);");
            code.Close();
        }

        if (condition is not null)
        {
            code.Blank();
        }
    }

    private static string FullName(MessageContext context, StructModel model, FieldModel field) =>
        ReferenceEquals(context.Message.Body, model) ? $"{model.Name}.{field.Name}" : $"{context.Message.ClassName}.{model.Name}.{field.Name}";

    private static void EmitValue(CodeText code, MessageContext context, StructModel model, FieldModel field)
    {
        string flexible = context.FlexibleFor(field);
        string? nullable = field.IsNullable ? context.Condition(field.Nullable) : "";
        if (nullable is not (null or ""))
        {
            code.Open($"if ({field.Name} is null && !({nullable}))");
            code.Line($"throw WireWriter.NullNotInVersion(\"{FullName(context, model, field)}\", version);");
            code.Close();
            code.Blank();
        }

        if (field.Type is { IsStruct: true, IsArray: true })
        {
            EmitStructList(code, context, field, flexible);
            return;
        }

        if (field.Type.IsStruct)
        {
            EmitStruct(code, field, nullable);
            return;
        }

        string method = ReaderEmitter.MethodName(field.Type);
        bool takesForm = field.Type.IsArray || field.Type.FixedSize == 0;
        string source = Defaults.IsLazy(field) ? Defaults.BackingName(field) : field.Name;
        code.Line($"writer.Write{(field.IsNullable ? "Nullable" : "")}{method}({source}{(takesForm ? ", " + flexible : "")});");
    }

    private static void EmitStructList(CodeText code, MessageContext context, FieldModel field, string flexible)
    {
        string source = Defaults.IsLazy(field) ? Defaults.BackingName(field) : field.Name;
        string write = $"{context.Qualified(field.Type)}.WriteList(writer, {source}, version, {flexible});";
        if (!field.IsNullable)
        {
            code.Line(write);
            return;
        }

        code.Open($"if ({field.Name} is null)");
        code.Line($"writer.WriteNullCount({flexible});");
        code.Close();
        code.Open("else");
        code.Line(write);
        code.Close();
        code.Blank();
    }

    private static void EmitStruct(CodeText code, FieldModel field, string? nullable)
    {
        if (nullable is "")
        {
            code.Line($"{field.Name}.Write(writer, version);");
            return;
        }

        string marker = field.IsTagged ? "WriteTaggedIsNull" : "WriteIsNull";
        if (nullable is null)
        {
            code.Line($"writer.{marker}({field.Name} is null);");
        }
        else
        {
            code.Open($"if ({nullable})");
            code.Line($"writer.{marker}({field.Name} is null);");
            code.Close();
            code.Blank();
        }

        code.Line($"{field.Name}?.Write(writer, version);");
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

        FieldModel[] tagged = [.. model.Fields.Where(field => field.IsTagged).OrderBy(field => field.Tag)];
        if (tagged.Length == 0)
        {
            code.Line("writer.WriteUnknownTags(UnknownTags);");
        }
        else
        {
            foreach (FieldModel field in tagged)
            {
                code.Line($"bool has{field.Name} = {Present(context, field)};");
            }

            string count = string.Join(" + ", tagged.Select(field => $"(has{field.Name} ? 1 : 0)"));
            code.Line($"TagWriter tags = writer.BeginTags({count}, UnknownTags);");
            foreach (FieldModel field in tagged)
            {
                code.Open($"if (has{field.Name})");
                code.Line($"tags.Begin({field.Tag});");
                EmitValue(code, context, model, field);
                code.Line("tags.End();");
                code.Close();
                code.Blank();
            }

            code.Line("tags.Finish();");
        }

        if (sometimes)
        {
            code.Close();
        }
    }

    private static string Present(MessageContext context, FieldModel field)
    {
        string differs = Defaults.Differs(field);
        return field.Versions.Covers(context.Flexible) || context.Condition(field.Versions) is not { } condition ? differs : $"{condition} && {differs}";
    }
}
