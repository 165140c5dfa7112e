using System.Collections.Concurrent;
using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>Keeps decoders and encoders with their native contexts, as many of a codec as there are processors to use them.</summary>
internal static class CodecPool
{
    private static readonly int KeptMax = Environment.ProcessorCount;
    private static readonly Shelf<BatchDecoder>[] Decoders = [new(), new(), new(), new(), new()];
    private static readonly Shelf<BatchEncoder>[] Encoders = [new(), new(), new(), new(), new()];

    public static BatchDecoder RentDecoder(CompressionCodec codec) => Decoders[(int)codec].Take() ?? codec switch
    {
        CompressionCodec.Gzip => new GzipDecoder(),
        CompressionCodec.Snappy => new SnappyDecoder(),
        CompressionCodec.Lz4 => new Lz4Decoder(),
        CompressionCodec.Zstd => new ZstdDecoder(),
        _ => throw new InvariantViolationException($"no decoder for codec {codec}"),
    };

    /// <summary>Ends the decoder's payload and puts it back.</summary>
    public static void Return(CompressionCodec codec, BatchDecoder decoder)
    {
        if (!decoder.End() || !Decoders[(int)codec].Put(decoder, KeptMax))
        {
            decoder.Dispose();
        }
    }

    public static BatchEncoder RentEncoder(CompressionCodec codec) => Encoders[(int)codec].Take() ?? codec switch
    {
        CompressionCodec.Gzip => new GzipEncoder(),
        CompressionCodec.Snappy => new SnappyEncoder(),
        CompressionCodec.Lz4 => new Lz4Encoder(),
        CompressionCodec.Zstd => new ZstdEncoder(),
        _ => throw new InvariantViolationException($"no encoder for codec {codec}"),
    };

    /// <summary>Puts back an encoder that has finished, and disposes one that has not or has grown too large.</summary>
    public static void Return(CompressionCodec codec, BatchEncoder encoder, bool reusable)
    {
        if (!reusable || !Encoders[(int)codec].Put(encoder, KeptMax))
        {
            encoder.Dispose();
        }
    }

    /// <summary>One codec's idle contexts. The count may be off by a few while several threads put back, which costs nothing.</summary>
    private sealed class Shelf<T>
        where T : class
    {
        private readonly ConcurrentQueue<T> _idle = new();

        public T? Take() => _idle.TryDequeue(out T? item) ? item : null;

        public bool Put(T item, int keptMax)
        {
            if (_idle.Count >= keptMax)
            {
                return false;
            }

            _idle.Enqueue(item);
            return true;
        }
    }
}
