namespace Tidemark.Simulator.Network;

/// <summary>What befalls a frame that is sent.</summary>
internal enum FrameFault
{
    None,
    Break,
    Cut,
    Abandon,
}
