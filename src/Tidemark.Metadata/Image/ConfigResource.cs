using Tidemark.Metadata.Configuration;

namespace Tidemark.Metadata.Image;

/// <summary>Something that has configuration: a topic, a broker (with an empty name all brokers), a group, a metrics subscription.</summary>
public readonly record struct ConfigResource(ConfigResourceType Type, string Name) : IComparable<ConfigResource>
{
    public static ConfigResource AllBrokers => new(ConfigResourceType.Broker, "");

    public static ConfigResource Broker(int id) => new(ConfigResourceType.Broker, id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public static ConfigResource Topic(string name) => new(ConfigResourceType.Topic, name);

    public int CompareTo(ConfigResource other) =>
        Type != other.Type ? Type.CompareTo(other.Type) : string.CompareOrdinal(Name, other.Name);
}
