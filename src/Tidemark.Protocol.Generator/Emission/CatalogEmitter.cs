using Tidemark.Protocol.Generator.Model;
using Tidemark.Protocol.Generator.Parsing;

namespace Tidemark.Protocol.Generator.Emission;

/// <summary>Emits what derives from all definitions together: the enumerations of keys and the catalog.</summary>
public static class CatalogEmitter
{
    public static string Emit(IReadOnlyList<CatalogEntry> entries)
    {
        CodeText code = CodeText.File();
        code.Line("using Tidemark.Protocol.Messages;");
        code.Blank();
        code.Line("namespace Tidemark.Protocol;");
        code.Blank();
        code.Summary("Every message that the definitions know, by kind and number.");
        code.Open("public static partial class MessageCatalog");
        EmitApis(code, entries);
        EmitSwitch(code, entries, DefinitionKinds.Api, 0, "IApiRequest", "ReadRequest");
        EmitSwitch(code, entries, DefinitionKinds.Api, 1, "IApiResponse", "ReadResponse");
        EmitSwitch(code, entries, DefinitionKinds.Metadata, 0, "IMetadataRecord", "ReadMetadataRecord");
        EmitHighest(code, entries, DefinitionKinds.Metadata, "MetadataRecordVersions");
        EmitSwitch(code, entries, DefinitionKinds.Group, 0, "ICoordinatorKey", "ReadGroupKey");
        EmitSwitch(code, entries, DefinitionKinds.Group, 1, "ICoordinatorValue", "ReadGroupValue");
        EmitSwitch(code, entries, DefinitionKinds.Share, 0, "ICoordinatorKey", "ReadShareKey");
        EmitSwitch(code, entries, DefinitionKinds.Share, 1, "ICoordinatorValue", "ReadShareValue");
        EmitSwitch(code, entries, DefinitionKinds.Transaction, 0, "ICoordinatorKey", "ReadTransactionKey");
        EmitSwitch(code, entries, DefinitionKinds.Transaction, 1, "ICoordinatorValue", "ReadTransactionValue");
        code.Close();
        return code.ToString();
    }

    public static string EmitEnums(IReadOnlyList<CatalogEntry> entries)
    {
        CodeText code = CodeText.File();
        code.Line("namespace Tidemark.Protocol;");
        code.Blank();
        EmitEnum(code, entries, DefinitionKinds.Api, "ApiKey", "The number of an API, as requests name it.");
        EmitEnum(code, entries, DefinitionKinds.Metadata, "MetadataRecordType", "The number of a record of the metadata log.");
        EmitEnum(code, entries, DefinitionKinds.Group, "GroupRecordType", "The number of a record of __consumer_offsets.");
        EmitEnum(code, entries, DefinitionKinds.Share, "ShareRecordType", "The number of a record of __share_group_state.");
        EmitEnum(code, entries, DefinitionKinds.Transaction, "TransactionRecordType", "The number of a record of __transaction_state.");
        return code.ToString();
    }

    private static IEnumerable<CatalogEntry> Of(IReadOnlyList<CatalogEntry> entries, string kind) =>
        entries.Where(entry => entry.Header.Kind == kind).OrderBy(entry => entry.Header.Key);

    private static void EmitEnum(CodeText code, IReadOnlyList<CatalogEntry> entries, string kind, string name, string summary)
    {
        code.Blank();
        code.Summary(summary);
        code.Open($"public enum {name} : short");
        foreach (CatalogEntry entry in Of(entries, kind))
        {
            string member = entry.Header.Name;
            if (kind == DefinitionKinds.Metadata && member.EndsWith("Record", StringComparison.Ordinal))
            {
                member = member.Substring(0, member.Length - "Record".Length);
            }

            code.Summary(entry.Summary);
            code.Line($"{member} = {entry.Header.Key},");
            code.Blank();
        }

        code.Close();
    }

    private static void EmitApis(CodeText code, IReadOnlyList<CatalogEntry> entries)
    {
        code.Open("private static readonly ApiDescriptor[] ApiTable =");
        int next = 0;
        foreach (CatalogEntry entry in Of(entries, DefinitionKinds.Api))
        {
            for (; next < entry.Header.Key; next++)
            {
                code.Line("default,");
            }

            HeaderModel h = entry.Header;
            VersionRange v = h.IsRetired ? new VersionRange(0, -1) : h.Versions;
            int flexible = h.IsRetired || h.Flexible.IsEmpty ? VersionRange.Open : h.Flexible.Low;
            int stable = h.Unstable.IsEmpty ? v.High : h.Unstable.Low - 1;
            code.Line($"new(ApiKey.{h.Name}, \"{h.Name}\", {v.Low}, {v.High}, {stable}, {flexible}, {Word(h.OnBroker)}, {Word(h.OnController)}, {h.ResponseHeaderVersion}),");
            next++;
        }

        code.CloseWith("};");
        code.Blank();
    }

    private static string Word(bool value) => value ? "true" : "false";

    private static void EmitSwitch(CodeText code, IReadOnlyList<CatalogEntry> entries, string kind, int section, string type, string method)
    {
        code.Summary($"Reads the message of a number. A number that is not defined, or a version that it lacks, throws ProtocolException.");
        code.Open($"public static {type} {method}(short key, ref WireReader reader, short version) => key switch");
        foreach (CatalogEntry entry in Of(entries, kind))
        {
            if (section < entry.ClassNames.Count)
            {
                code.Line($"{entry.Header.Key} => {entry.ClassNames[section]}.Read(ref reader, version),");
            }
        }

        code.Line("_ => throw ProtocolException.UnknownKey(key),");
        code.CloseWith("};");
        code.Blank();
    }

    private static void EmitHighest(CodeText code, IReadOnlyList<CatalogEntry> entries, string kind, string method)
    {
        code.Summary("The versions of a number's message. A number that is not defined throws ProtocolException.");
        code.Open($"public static (short Lowest, short Highest) {method}(short key) => key switch");
        foreach (CatalogEntry entry in Of(entries, kind))
        {
            foreach (string name in entry.ClassNames)
            {
                code.Line($"{entry.Header.Key} => ({name}.LowestVersion, {name}.HighestVersion),");
            }
        }

        code.Line("_ => throw ProtocolException.UnknownKey(key),");
        code.CloseWith("};");
        code.Blank();
    }
}
