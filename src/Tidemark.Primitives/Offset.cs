namespace Tidemark.Primitives;

/// <summary>A record's place in its partition, counted from 0. A log end offset is the place of the next record.</summary>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    /// <summary>The first place of every partition.</summary>
    public static readonly Offset Zero = new(0);

    /// <summary>What the protocol writes where no offset is known.</summary>
    public static readonly Offset Unknown = new(-1);

    public static Offset Min(Offset a, Offset b) => a.Value <= b.Value ? a : b;

    public static Offset Max(Offset a, Offset b) => a.Value >= b.Value ? a : b;

    public static Offset operator +(Offset offset, long records) => new(offset.Value + records);

    public static Offset operator -(Offset offset, long records) => new(offset.Value - records);

    /// <summary>How many places lie between two offsets.</summary>
    public static long operator -(Offset end, Offset start) => end.Value - start.Value;

    public static bool operator <(Offset a, Offset b) => a.Value < b.Value;

    public static bool operator >(Offset a, Offset b) => a.Value > b.Value;

    public static bool operator <=(Offset a, Offset b) => a.Value <= b.Value;

    public static bool operator >=(Offset a, Offset b) => a.Value >= b.Value;

    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}
