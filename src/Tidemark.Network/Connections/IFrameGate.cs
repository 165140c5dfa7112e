using System.Buffers;

namespace Tidemark.Network.Connections;

/// <summary>Judges frames by the size that they announce, and has the room for them.</summary>
internal interface IFrameGate
{
    /// <summary>Why a frame of this size may not come; null when it may, and then the size is at least 1.</summary>
    string? Refusal(int size);

    /// <summary>Room for a frame; null when there is none yet. Then nothing more is to be read until it is asked again.</summary>
    IMemoryOwner<byte>? TryRent(int size);
}
