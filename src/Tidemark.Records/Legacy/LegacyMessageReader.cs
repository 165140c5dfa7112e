using Tidemark.Records.Compression;

namespace Tidemark.Records.Legacy;

/// <summary>Reads the records of one message: itself, or those in it when it is compressed. Never throws, whatever the bytes are. Dispose it.</summary>
public ref struct LegacyMessageReader : IDisposable
{
    private BatchPayload _payload;
    private ReadOnlySpan<byte> _rest;
    private readonly bool _isNested;
    private readonly long _firstOffset;
    private readonly long _appendTime;

    /// <summary>Opens a whole message.</summary>
    public LegacyMessageReader(LegacyMessage message, ReadOnlySpan<byte> bytes, int bytesMax)
    {
        _appendTime = message.TimestampType == TimestampType.LogAppendTime ? message.Timestamp : RecordBatchHeader.NoTimestamp;
        if (message.Codec == CompressionCodec.None)
        {
            _rest = bytes[..(int)message.SizeInBytes];
            return;
        }

        _isNested = true;
        Fault = Open(message, bytesMax);
        if (Fault != RecordFault.None)
        {
            return;
        }

        // Format 1 counts the offsets inside from the first, and the message has the last; format 0 has them as they are. Some
        // producers' messages say 0 outside although they hold several.
        long last = LastOffsetIn(_rest);
        _firstOffset = message.Magic == 0 || message.Offset == 0 ? 0 : message.Offset - last;
        if (last < 0 || _firstOffset < 0)
        {
            Fault = last < 0 ? RecordFault.TooFewRecords : RecordFault.InvalidCount;
        }
    }

    /// <summary>What was found wrong; None while reading goes well and after it ended well.</summary>
    public RecordFault Fault { get; private set; }

    /// <summary>The number of records read so far.</summary>
    public int RecordsRead { get; private set; }

    /// <summary>Reads the next record. False after the last one and at the first fault.</summary>
    public bool MoveNext(out RecordView record)
    {
        record = default;
        if (Fault != RecordFault.None || !TryTake(ref _rest, out LegacyMessage message))
        {
            return false;
        }

        if ((_isNested && message.Codec != CompressionCodec.None) || !message.TryReadContent(out RecordBytes key, out RecordBytes value))
        {
            Fault = _isNested && message.Codec != CompressionCodec.None ? RecordFault.UnknownCodec : RecordFault.InvalidField;
            return false;
        }

        record = new RecordView
        {
            Body = default,
            OffsetDelta = RecordsRead,
            Offset = _firstOffset + message.Offset,
            Timestamp = message.Magic > 0 && _appendTime >= 0 ? _appendTime : message.Timestamp,
            Key = key,
            Value = value,
            HeaderCount = 0,
            EncodedHeaders = default,
        };
        RecordsRead++;
        return true;
    }

    public void Dispose() => _payload.Dispose();

    private RecordFault Open(LegacyMessage message, int bytesMax)
    {
        // zstd is younger than these formats.
        if (message.Codec > CompressionCodec.Lz4)
        {
            return RecordFault.UnknownCodec;
        }

        if (!message.TryReadContent(out _, out RecordBytes value) || value.IsNull)
        {
            return RecordFault.InvalidField;
        }

        ReadOnlySpan<byte> compressed = value.Span;
        if (message.Magic == 0 && message.Codec == CompressionCodec.Lz4)
        {
            // In format 0 Kafka took the checksum of a frame's descriptor over too many bytes (KIP-57).
            byte[] mended = compressed.ToArray();
            Lz4Frame.WriteDescriptorChecksum(mended);
            compressed = mended;
        }

        RecordFault fault = BatchPayload.TryDecompress(message.Codec, compressed, bytesMax, out _payload);
        _rest = _payload.Bytes;
        return fault;
    }

    private static long LastOffsetIn(ReadOnlySpan<byte> messages)
    {
        long last = -1;
        while (TryTake(ref messages, out LegacyMessage message))
        {
            last = message.Offset;
        }

        return last;
    }

    /// <summary>A message that is cut off ends the set, as it always did.</summary>
    private static bool TryTake(scoped ref ReadOnlySpan<byte> rest, out LegacyMessage message)
    {
        message = default;
        if (rest.Length < LegacyMessage.SizeMin || rest.Length < LegacyMessage.SizeOfEmpty(rest[RecordBatchHeader.MagicAt]))
        {
            return false;
        }

        message = new LegacyMessage(rest);
        long size = message.SizeInBytes;
        if (message.Magic >= RecordBatchHeader.CurrentMagic || size < LegacyMessage.SizeOfEmpty(message.Magic) || size > rest.Length)
        {
            return false;
        }

        rest = rest[(int)size..];
        return true;
    }
}
