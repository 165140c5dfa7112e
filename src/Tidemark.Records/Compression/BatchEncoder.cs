namespace Tidemark.Records.Compression;

/// <summary>Compresses a batch's payload piece by piece. One user at a time.</summary>
internal abstract class BatchEncoder : IDisposable
{
    /// <summary>Starts a payload that is appended to <paramref name="output"/>.</summary>
    public abstract void Begin(PooledBytes output, int level);

    public abstract void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Writes what is still held back, and the end. False when the encoder has grown too large to be kept.</summary>
    public abstract bool Finish();

    public abstract void Dispose();
}
