namespace Tidemark.Primitives;

/// <summary>Counts the leaderships of a partition (or of the metadata quorum). It only rises.</summary>
public readonly record struct LeaderEpoch(int Value) : IComparable<LeaderEpoch>
{
    /// <summary>What the protocol writes where no epoch is known.</summary>
    public static readonly LeaderEpoch Unknown = new(-1);

    /// <summary>Whether it counts a leadership: these begin at zero.</summary>
    public bool IsKnown => Value >= 0;

    /// <summary>Whether it is neither that nor <see cref="Unknown"/>. Nobody ever wrote it: the field that it was read from is damaged.</summary>
    public bool IsImpossible => Value < Unknown.Value;

    public static bool operator <(LeaderEpoch a, LeaderEpoch b) => a.Value < b.Value;

    public static bool operator >(LeaderEpoch a, LeaderEpoch b) => a.Value > b.Value;

    public static bool operator <=(LeaderEpoch a, LeaderEpoch b) => a.Value <= b.Value;

    public static bool operator >=(LeaderEpoch a, LeaderEpoch b) => a.Value >= b.Value;

    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}
