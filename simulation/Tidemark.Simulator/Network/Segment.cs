namespace Tidemark.Simulator.Network;

internal enum SegmentKind
{
    /// <summary>The wish to connect.</summary>
    Open,

    /// <summary>The wish is granted.</summary>
    Opened,

    /// <summary>Nobody listens there.</summary>
    Refused,

    Frame,

    /// <summary>The beginning of a frame, and the end of the connection.</summary>
    CutFrame,

    /// <summary>The sender has closed its side in good order.</summary>
    Closed,

    /// <summary>The sender knows nothing of the connection any more.</summary>
    Reset,
}

/// <summary>What travels in one direction of a connection.</summary>
internal readonly record struct Segment(SegmentKind Kind, byte[] Bytes)
{
    public static Segment Of(SegmentKind kind) => new(kind, []);
}
