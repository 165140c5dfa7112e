namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>The kinds of definition files and the sections each is made of.</summary>
public static class DefinitionKinds
{
    public const string Api = "api";
    public const string Metadata = "metadata";
    public const string Remote = "remote";
    public const string Group = "group";
    public const string Share = "share";
    public const string Transaction = "transaction";
    public const string Data = "data";
    public const string Header = "header";

    private static readonly string[] All = [Api, Metadata, Remote, Group, Share, Transaction, Data, Header];

    public static string List => string.Join(", ", All);

    public static bool IsKnown(string kind) => Array.IndexOf(All, kind) >= 0;

    public static bool HasKey(string kind) => kind is not (Data or Header);

    /// <summary>A coordinator's record has a key and a value, each with its own versions.</summary>
    public static bool VersionsStandWithSections(string kind) => kind is Group or Share or Transaction;

    /// <summary>The sections of a kind, in order.</summary>
    public static string[] Sections(string kind) => kind switch
    {
        Api => ["request", "response"],
        Group or Share or Transaction => ["key", "value"],
        _ => ["fields"],
    };

    public static string ClassName(string name, string section) => section switch
    {
        "request" => name + "Request",
        "response" => name + "Response",
        "key" => name + "Key",
        "value" => name + "Value",
        _ => name,
    };
}
