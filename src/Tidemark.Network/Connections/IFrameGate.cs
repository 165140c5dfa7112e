namespace Tidemark.Network.Connections;

/// <summary>Judges frames by the size that they announce.</summary>
internal interface IFrameGate
{
    /// <summary>Why a frame of this size may not come; null when it may, and then the size is at least 1.</summary>
    string? Refusal(int size);
}
