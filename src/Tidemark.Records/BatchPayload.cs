using System.Buffers;
using Tidemark.Primitives;
using Tidemark.Records.Compression;

namespace Tidemark.Records;

/// <summary>
/// A batch's records, decompressed: a view of the batch where they were not compressed, and otherwise an array of the shared pool,
/// which Dispose gives back. Reading goes on with <see cref="RecordReader"/>.
/// </summary>
public ref struct BatchPayload : IDisposable
{
    private const int FirstRentMin = 4096;

    private byte[]? _rented;

    private BatchPayload(ReadOnlySpan<byte> bytes, byte[]? rented)
    {
        Bytes = bytes;
        _rented = rented;
    }

    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>
    /// Decompresses a whole batch. Memory grows with what comes out, up to <paramref name="bytesMax"/>, never with what the batch claims.
    /// Faults: <see cref="RecordFault.CorruptCompression"/>, <see cref="RecordFault.UnknownCodec"/>,
    /// <see cref="RecordFault.CodecUnavailable"/>, <see cref="RecordFault.TooLarge"/>.
    /// </summary>
    public static RecordFault TryOpen(RecordBatchHeader batch, int bytesMax, out BatchPayload payload)
    {
        if (batch.Codec == CompressionCodec.None)
        {
            payload = new BatchPayload(batch.Payload, null);
            return RecordFault.None;
        }

        return TryDecompress(batch.Codec, batch.Payload, bytesMax, out payload);
    }

    /// <summary>As <see cref="TryOpen"/>, of what a codec made, wherever it stood.</summary>
    internal static RecordFault TryDecompress(CompressionCodec codec, ReadOnlySpan<byte> compressed, int bytesMax, out BatchPayload payload)
    {
        payload = default;
        if (!CompressionCodecs.IsAvailable(codec))
        {
            return CompressionCodecs.IsKnown(codec) ? RecordFault.CodecUnavailable : RecordFault.UnknownCodec;
        }

        RecordFault fault = Decompress(codec, compressed, bytesMax, out byte[]? rented, out int length);
        if (fault == RecordFault.None)
        {
            payload = new BatchPayload(rented.AsSpan(0, length), rented);
        }

        return fault;
    }

    /// <summary>As <see cref="TryOpen"/>, for batches that were checked when they were written: throws <see cref="InvalidRecordException"/>.</summary>
    public static BatchPayload Open(RecordBatchHeader batch, int bytesMax = int.MaxValue)
    {
        RecordFault fault = TryOpen(batch, bytesMax, out BatchPayload payload);
        return fault == RecordFault.None
            ? payload
            : throw new InvalidRecordException(fault, $"the {CompressionCodecs.Name(batch.Codec)} batch at offset {batch.BaseOffset} cannot be decompressed: {fault}");
    }

    public void Dispose()
    {
        byte[]? rented = _rented;
        _rented = null;
        Bytes = default;
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static unsafe RecordFault Decompress(CompressionCodec codec, ReadOnlySpan<byte> source, int bytesMax, out byte[]? rented, out int length)
    {
        byte[] array = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(4L * source.Length, 1, Math.Max(1, Math.Min(bytesMax, 1 << 20))) | FirstRentMin);
        length = 0;
        RecordFault fault = RecordFault.None;
        BatchDecoder decoder = CodecPool.RentDecoder(codec);
        try
        {
            fixed (byte* bytes = source)
            {
                decoder.Begin(bytes, source.Length);
                while (true)
                {
                    if (length == array.Length)
                    {
                        Grow(ref array);
                    }

                    int read = decoder.Read(array.AsSpan(length));
                    if (read == 0)
                    {
                        break;
                    }

                    if (read == BatchDecoder.Corrupt || read > bytesMax - length)
                    {
                        fault = read == BatchDecoder.Corrupt ? RecordFault.CorruptCompression : RecordFault.TooLarge;
                        break;
                    }

                    length += read;
                }
            }
        }
        finally
        {
            CodecPool.Return(codec, decoder);
        }

        if (fault != RecordFault.None)
        {
            ArrayPool<byte>.Shared.Return(array);
            rented = null;
            return fault;
        }

        rented = array;
        return RecordFault.None;
    }

    private static void Grow(ref byte[] array)
    {
        Invariant.Require(array.Length < Array.MaxLength);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * array.Length, Array.MaxLength));
        array.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(array);
        array = larger;
    }
}
