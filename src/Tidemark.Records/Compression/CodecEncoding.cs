using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>Compresses bytes that stand together.</summary>
internal static class CodecEncoding
{
    /// <summary>Appends <paramref name="source"/>, compressed, to <paramref name="output"/>. The codec must be available.</summary>
    public static void Append(CompressionCodec codec, int? level, ReadOnlySpan<byte> source, PooledBytes output)
    {
        if (codec == CompressionCodec.None)
        {
            output.Write(source);
            return;
        }

        Invariant.Require(CompressionCodecs.IsAvailable(codec));
        BatchEncoder encoder = CodecPool.RentEncoder(codec);
        bool reusable = false;
        try
        {
            encoder.Begin(output, level ?? CompressionCodecs.DefaultLevel(codec));
            encoder.Write(source);
            reusable = encoder.Finish();
        }
        finally
        {
            CodecPool.Return(codec, encoder, reusable);
        }
    }
}
