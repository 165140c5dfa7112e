using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Emission;

/// <summary>Emits a message's class, its structs nested in it.</summary>
public static class ClassEmitter
{
    public static string Emit(HeaderModel header, MessageModel message)
    {
        var context = new MessageContext(message);
        CodeText code = CodeText.File();
        code.Line("namespace Tidemark.Protocol.Messages;");
        code.Blank();
        code.Summary(message.Summary);
        code.Open($"public sealed class {message.ClassName} : {Interfaces(message)}");
        EmitConstants(code, message);
        EmitMembers(code, context, message.Body, isMessage: true);
        EmitRole(code, header, message);
        foreach (StructModel model in message.Structs)
        {
            code.Blank();
            code.Summary($"A {model.Name} of {message.ClassName}.");
            code.Open($"public sealed class {model.Name}");
            EmitMembers(code, context, model, isMessage: false);
            code.Close();
        }

        code.Close();
        return code.ToString();
    }

    private static string Interfaces(MessageModel message)
    {
        string own = $"IMessage<{message.ClassName}>";
        return message.Role switch
        {
            "api request" => own + ", IApiRequest",
            "api response" => own + ", IApiResponse",
            "metadata" => own + ", IMetadataRecord",
            "group key" or "share key" or "transaction key" => own + ", ICoordinatorKey",
            "group value" or "share value" or "transaction value" => own + ", ICoordinatorValue",
            _ => own,
        };
    }

    private static void EmitConstants(CodeText code, MessageModel message)
    {
        if (message.Key >= 0)
        {
            code.Summary("The number under which the protocol knows the message.");
            code.Line($"public const short ApiKey = {message.Key};");
            code.Blank();
        }

        code.Summary("The lowest version that can be read and written.");
        code.Line($"public const short LowestVersion = {message.Versions.Low};");
        code.Blank();
        code.Summary("The highest version that can be read and written.");
        code.Line($"public const short HighestVersion = {message.Versions.High};");
        code.Blank();
        code.Line($"static short IMessage<{message.ClassName}>.Lowest => LowestVersion;");
        code.Blank();
        code.Line($"static short IMessage<{message.ClassName}>.Highest => HighestVersion;");
        code.Blank();
    }

    private static void EmitMembers(CodeText code, MessageContext context, StructModel model, bool isMessage)
    {
        foreach (FieldModel field in model.Fields)
        {
            EmitProperty(code, field);
            code.Blank();
        }

        if (context.HasFlexible)
        {
            code.Summary("Tagged fields that were read but are not defined here; written back as they came. Null when there are none.");
            code.Line("public global::System.Collections.Generic.List<UnknownTag>? UnknownTags { get; set; }");
            code.Blank();
        }

        if (!isMessage && IsUsedAlone(context.Message, model.Name))
        {
            EmitIsDefault(code, model);
            code.Blank();
        }

        ReaderEmitter.Emit(code, context, model, isMessage);
        code.Blank();
        if (!isMessage && IsUsedInArray(context.Message, model.Name))
        {
            ReaderEmitter.EmitList(code, model);
            code.Blank();
            WriterEmitter.EmitList(code, model);
            code.Blank();
        }

        WriterEmitter.Emit(code, context, model, isMessage);
        code.Blank();
    }

    private static void EmitProperty(CodeText code, FieldModel field)
    {
        string type = Defaults.PropertyType(field);
        if (!Defaults.IsLazy(field))
        {
            string initial = Defaults.Initializer(field) is { } value ? $" = {value};" : "";
            code.Line($"public {type} {field.Name} {{ get; set; }}{initial}");
            return;
        }

        string backing = Defaults.BackingName(field);
        code.Line($"private {type}? {backing};");
        code.Blank();
        code.Open($"public {type} {field.Name}");
        code.Line($"get => {backing} ??= {(field.Type.IsArray ? "[]" : "new()")};");
        code.Line($"set => {backing} = value;");
        code.Close();
    }

    private static void EmitIsDefault(CodeText code, StructModel model)
    {
        string differs = string.Join(" || ", model.Fields.Select(field => "(" + Defaults.Differs(field) + ")"));
        code.Line(differs.Length == 0 ? "internal bool IsDefault => true;" : $"internal bool IsDefault => !({differs});");
    }

    private static void EmitRole(CodeText code, HeaderModel header, MessageModel message)
    {
        string? line = message.Role switch
        {
            "api request" or "api response" => $"global::Tidemark.Protocol.ApiKey IApiMessage.Api => global::Tidemark.Protocol.ApiKey.{header.Name};",
            "metadata" => "short IMetadataRecord.RecordType => ApiKey;",
            "group key" or "share key" or "transaction key" => "short ICoordinatorKey.RecordType => ApiKey;",
            "group value" or "share value" or "transaction value" => "short ICoordinatorValue.RecordType => ApiKey;",
            _ => null,
        };
        if (line is not null)
        {
            code.Line(line);
            code.Blank();
        }
    }

    private static bool IsUsedInArray(MessageModel message, string name) => AllFields(message).Any(f => f.Type.IsArray && f.Type.StructName == name);

    private static bool IsUsedAlone(MessageModel message, string name) => AllFields(message).Any(f => !f.Type.IsArray && f.Type.StructName == name);

    private static IEnumerable<FieldModel> AllFields(MessageModel message) => message.Body.Fields.Concat(message.Structs.SelectMany(s => s.Fields));
}
