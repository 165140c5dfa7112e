namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>The words in which the tables of keys are written.</summary>
internal static class Define
{
    public static ConfigKey Boolean(string name, string? value, string documentation) => new(name, ConfigType.Boolean, value, documentation);

    public static ConfigKey String(string name, string? value, string documentation) => new(name, ConfigType.String, value, documentation);

    public static ConfigKey Short(string name, string? value, string documentation) => new(name, ConfigType.Short, value, documentation);

    public static ConfigKey Int(string name, string? value, string documentation) => new(name, ConfigType.Int, value, documentation);

    public static ConfigKey Long(string name, string? value, string documentation) => new(name, ConfigType.Long, value, documentation);

    public static ConfigKey Double(string name, string? value, string documentation) => new(name, ConfigType.Double, value, documentation);

    public static ConfigKey List(string name, string? value, string documentation) => new(name, ConfigType.List, value, documentation);

    public static ConfigKey Class(string name, string? value, string documentation) => new(name, ConfigType.Class, value, documentation);

    public static ConfigKey Password(string name, string? value, string documentation) => new(name, ConfigType.Password, value, documentation);
}
