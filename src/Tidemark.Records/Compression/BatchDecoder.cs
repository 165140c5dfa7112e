namespace Tidemark.Records.Compression;

/// <summary>
/// Decompresses a batch's payload piece by piece, so that memory does not follow what the payload claims to hold.
/// One user at a time; the source must stay where it is from <see cref="Begin"/> to <see cref="End"/>.
/// </summary>
internal abstract unsafe class BatchDecoder : IDisposable
{
    /// <summary>What <see cref="Read"/> answers for bytes that the codec did not make.</summary>
    public const int Corrupt = -1;

    /// <summary>Takes a new payload. Whatever the last one left behind is forgotten.</summary>
    public abstract void Begin(byte* source, int length);

    /// <summary>Fills part of <paramref name="destination"/>, which is not empty. 0 at a proper end, <see cref="Corrupt"/> where the bytes are wrong or end too early.</summary>
    public abstract int Read(Span<byte> destination);

    /// <summary>Lets go of the payload. False when the decoder has grown too large to be kept.</summary>
    public abstract bool End();

    public abstract void Dispose();
}
