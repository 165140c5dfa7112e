namespace Tidemark.Server.Configuration;

/// <summary>
/// A configuration that no node can start with. The message is one line for whoever wrote it: the key, the value and what is
/// allowed in its place.
/// </summary>
public sealed class ConfigurationException : Exception
{
    public ConfigurationException(string message)
        : base(message)
    {
    }

    public ConfigurationException(string key, string? value, string allowed)
        : base($"{key}={value ?? ""}: {allowed}")
    {
    }
}
