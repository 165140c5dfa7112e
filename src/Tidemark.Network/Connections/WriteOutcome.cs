namespace Tidemark.Network.Connections;

/// <summary>How far a writer came.</summary>
internal enum WriteOutcome
{
    /// <summary>All it had is written.</summary>
    Done,

    /// <summary>The socket takes no more for now.</summary>
    Full,

    /// <summary>There is more, but others are to have their turn.</summary>
    TurnOver,

    /// <summary>The peer is gone, or a file cannot be read.</summary>
    Failed,
}
