namespace Tidemark.Storage.Producers;

/// <summary>
/// Stands for one verification of a producer's transaction at one partition (KIP-890). Whoever has asked the transaction's coordinator
/// appends with it; it is worth nothing any more once a marker, or the first batch, was written meanwhile. A marker of version 2 leaves
/// alone what is verified for the epoch after the transaction that it ends.
/// </summary>
public sealed class VerificationGuard
{
    /// <summary>Verification is switched off (<c>transaction.partition.verification.enable</c>).</summary>
    public static readonly VerificationGuard NotNeeded = new();

    internal VerificationGuard()
    {
    }
}
