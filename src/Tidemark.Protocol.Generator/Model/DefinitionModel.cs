namespace Tidemark.Protocol.Generator.Model;

/// <summary>A place in a definition file, counted from 0 as Roslyn counts.</summary>
public readonly record struct Place(int Line, int Column, int Length);

/// <summary>Something wrong in a definition file.</summary>
public sealed record Problem(string Path, Place Place, string Id, string Message);

/// <summary>One field, as written and with its ranges resolved.</summary>
/// <param name="Default">The default as written, or null when the type's own default holds.</param>
/// <param name="Tag">The tag's number, or -1 for a field that stands in its place.</param>
/// <param name="IsPlain">Kept in its non-compact form in flexible versions too.</param>
public sealed record FieldModel(
    string Name,
    FieldType Type,
    VersionRange Versions,
    VersionRange Nullable,
    int Tag,
    bool IsIgnorable,
    bool IsKey,
    bool IsPlain,
    string? Default,
    Place Place)
{
    public bool IsTagged => Tag >= 0;

    public bool IsNullable => !Nullable.IsEmpty;
}

/// <summary>A struct of a message, or the message's own fields.</summary>
public sealed record StructModel(string Name, EquatableArray<FieldModel> Fields, Place Place);

/// <summary>One message: what becomes one class with its structs nested in it.</summary>
public sealed record MessageModel(
    string ClassName,
    string Summary,
    int Key,
    VersionRange Versions,
    VersionRange Flexible,
    string Role,
    StructModel Body,
    EquatableArray<StructModel> Structs,
    Place Place)
{
    public StructModel? FindStruct(string name)
    {
        foreach (StructModel candidate in Structs)
        {
            if (candidate.Name == name)
            {
                return candidate;
            }
        }

        return null;
    }
}

/// <summary>The first line of a definition file: what kind of message, its number, name and versions.</summary>
public sealed record HeaderModel(
    string Kind,
    int Key,
    string Name,
    VersionRange Versions,
    VersionRange Flexible,
    VersionRange Unstable,
    bool OnBroker,
    bool OnController,
    bool IsRetired,
    int ResponseHeaderVersion,
    Place Place);

/// <summary>A whole definition file. <see cref="Header"/> is null when the file could not be understood.</summary>
public sealed record DefinitionFile(
    string Path,
    HeaderModel? Header,
    EquatableArray<MessageModel> Messages,
    EquatableArray<Problem> Problems);
