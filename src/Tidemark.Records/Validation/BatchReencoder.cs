using System.Buffers;
using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Validation;

/// <summary>
/// Writes an accepted batch anew in its topic's <c>compression.type</c>. The records stream from one codec into the other, and stop
/// when the result is larger than the topic allows, so memory is bounded by that.
/// </summary>
public static class BatchReencoder
{
    private const int PieceSize = 64 * 1024;

    /// <summary>What records with other offset deltas than 0, 1, 2 may decompress to: these are read whole, and no known client sends them.</summary>
    private const int UnevenBytesMax = 64 << 20;

    /// <summary>
    /// Appends the batch to <paramref name="output"/>, with the timestamps that the validation says and a right CRC. Answers the
    /// validation of the new batch: MESSAGE_TOO_LARGE, with nothing appended, when it does not fit the topic's limit.
    /// </summary>
    public static BatchValidation Reencode(ReadOnlySpan<byte> records, in BatchValidation validation, BatchRules rules, PooledBytes output)
    {
        Invariant.Require(validation.IsAccepted);
        Invariant.Require(validation.NeedsReencoding);
        Invariant.Require(rules.Codec is not null);
        var batch = new RecordBatchHeader(records[..validation.SizeInBytes]);
        int start = output.Length;
        RecordFault fault = validation.OffsetsAreDense
            ? Transcode(batch, rules, output, start)
            : Rebuild(batch, rules, output);
        int size = output.Length - start;
        if (fault == RecordFault.TooLarge || size > rules.BatchBytesMax)
        {
            output.Truncate(start);
            return BatchValidation.Refuse(ErrorCode.MessageTooLarge, $"with compression.type {CompressionCodecs.Name(rules.Codec.Value)} the batch has more than max.message.bytes, {rules.BatchBytesMax}");
        }

        if (fault != RecordFault.None)
        {
            output.Truncate(start);
            return BatchValidation.Refuse(ErrorCode.InvalidRecord, $"the records cannot be written anew: {fault}", true);
        }

        WriteHeader(output.Span[start..], batch, validation, rules.Codec.Value);
        return validation with { SizeInBytes = size, NeedsReencoding = false, OffsetsAreDense = true };
    }

    private static unsafe RecordFault Transcode(RecordBatchHeader batch, BatchRules rules, PooledBytes output, int start)
    {
        CompressionCodec from = batch.Codec, to = rules.Codec!.Value;
        output.Write(batch.Bytes[..RecordBatchHeader.Size]);
        if (from == CompressionCodec.None)
        {
            CodecEncoding.Append(to, rules.Level, batch.Payload, output);
            return RecordFault.None;
        }

        ReadOnlySpan<byte> payload = batch.Payload;
        BatchDecoder decoder = CodecPool.RentDecoder(from);
        BatchEncoder? encoder = to == CompressionCodec.None ? null : CodecPool.RentEncoder(to);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        bool encoderIsReusable = false;
        try
        {
            fixed (byte* source = payload)
            {
                decoder.Begin(source, payload.Length);
                encoder?.Begin(output, rules.Level ?? CompressionCodecs.DefaultLevel(to));
                int read;
                while ((read = decoder.Read(piece)) > 0)
                {
                    if (encoder is null)
                    {
                        output.Write(piece.AsSpan(0, read));
                    }
                    else
                    {
                        encoder.Write(piece.AsSpan(0, read));
                    }

                    if (output.Length - start > rules.BatchBytesMax)
                    {
                        return RecordFault.TooLarge;
                    }
                }

                encoderIsReusable = encoder?.Finish() ?? false;
                return read == 0 ? RecordFault.None : RecordFault.CorruptCompression;
            }
        }
        finally
        {
            CodecPool.Return(from, decoder);
            if (encoder is not null)
            {
                CodecPool.Return(to, encoder, encoderIsReusable);
            }

            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Numbers the records anew, as Kafka does when it writes a batch itself.</summary>
    private static RecordFault Rebuild(RecordBatchHeader batch, BatchRules rules, PooledBytes output)
    {
        RecordFault fault = BatchPayload.TryOpen(batch, UnevenBytesMax, out BatchPayload payload);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        using (payload)
        {
            using var builder = new RecordBatchBuilder(RecordBatchOptions.Like(batch) with { Codec = rules.Codec!.Value, Level = rules.Level, DeleteHorizonMs = null });
            var reader = new RecordReader(batch, payload.Bytes);
            while (reader.MoveNext(out RecordView record))
            {
                builder.AppendAt(batch.BaseOffset + builder.Count, record);
            }

            builder.WriteTo(output);
            return reader.Fault;
        }
    }

    private static void WriteHeader(Span<byte> batch, RecordBatchHeader sent, in BatchValidation validation, CompressionCodec codec)
    {
        var attributes = (BatchAttributes)codec | (sent.Attributes & BatchAttributes.Transactional);
        if (validation.TimestampType == TimestampType.LogAppendTime)
        {
            attributes |= BatchAttributes.LogAppendTime;
        }

        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.LengthAt..], batch.Length - RecordBatchHeader.LengthOverhead);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.AttributesAt..], (short)attributes);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.MaxTimestampAt..], validation.MaxTimestamp);
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchHeader.CrcAt..], RecordBatchHeader.ComputeCrc(batch));
    }
}
