using System.Buffers;

namespace Tidemark.Network.Buffers;

/// <summary>A request's buffer, whose end gives its part of the budget back.</summary>
internal sealed class ClaimedBuffer(IMemoryOwner<byte> buffer, RequestBudget.Claim claim) : IMemoryOwner<byte>
{
    public Memory<byte> Memory => buffer.Memory;

    public void Dispose()
    {
        buffer.Dispose();
        claim.Dispose();
    }
}
