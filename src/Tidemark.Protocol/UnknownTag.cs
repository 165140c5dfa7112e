namespace Tidemark.Protocol;

/// <summary>A tagged field that the definition does not know, kept as it came (KIP-482).</summary>
public readonly record struct UnknownTag(uint Number, ReadOnlyMemory<byte> Value);
