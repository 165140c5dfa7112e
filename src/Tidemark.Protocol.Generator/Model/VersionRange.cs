namespace Tidemark.Protocol.Generator.Model;

/// <summary>Versions from <paramref name="Low"/> to <paramref name="High"/>, both included.</summary>
public readonly record struct VersionRange(int Low, int High)
{
    /// <summary>The upper end of a range written with a plus sign.</summary>
    public const int Open = short.MaxValue;

    public static readonly VersionRange All = new(0, Open);

    public static readonly VersionRange None = new(1, 0);

    public bool IsEmpty => Low > High;

    public bool Covers(VersionRange other) => other.IsEmpty || (Low <= other.Low && High >= other.High);

    public VersionRange Intersect(VersionRange other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    public override string ToString() =>
        IsEmpty ? "none" : High == Open ? $"v{Low}+" : Low == High ? $"v{Low}" : $"v{Low}-{High}";
}
