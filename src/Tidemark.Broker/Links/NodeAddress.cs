namespace Tidemark.Broker.Links;

/// <summary>Where another node listens: a name or a literal address, and a port.</summary>
public readonly record struct NodeAddress(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
