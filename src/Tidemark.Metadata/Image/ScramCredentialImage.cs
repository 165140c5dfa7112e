namespace Tidemark.Metadata.Image;

/// <summary>A user with a mechanism (1 is SCRAM-SHA-256, 2 is SCRAM-SHA-512).</summary>
public readonly record struct ScramUser(string Name, sbyte Mechanism) : IComparable<ScramUser>
{
    public int CompareTo(ScramUser other)
    {
        int byName = string.CompareOrdinal(Name, other.Name);
        return byName != 0 ? byName : Mechanism.CompareTo(other.Mechanism);
    }
}

/// <summary>What the server keeps of a SCRAM password (RFC 5802): enough to check a proof, not to make one.</summary>
public sealed record ScramCredentialImage(ReadOnlyMemory<byte> Salt, ReadOnlyMemory<byte> StoredKey, ReadOnlyMemory<byte> ServerKey, int Iterations)
{
    public bool Equals(ScramCredentialImage? other) =>
        other is not null
        && Iterations == other.Iterations
        && Salt.Span.SequenceEqual(other.Salt.Span)
        && StoredKey.Span.SequenceEqual(other.StoredKey.Span)
        && ServerKey.Span.SequenceEqual(other.ServerKey.Span);

    public override int GetHashCode() => HashCode.Combine(Iterations, Salt.Length);
}
