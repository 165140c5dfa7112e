using Tidemark.Records.Compression;
using Tidemark.Records.Legacy;

namespace Tidemark.Records;

/// <summary>The records of a <see cref="StoredBatch"/>, whatever its format, in order. Dispose it.</summary>
public ref struct StoredRecords : IDisposable
{
    private readonly StoredBatch _batch;
    private readonly RecordFault _fault;
    private BatchPayload _payload;
    private RecordReader _reader;
    private LegacyMessageReader _legacy;

    internal StoredRecords(StoredBatch batch, int bytesMax)
    {
        _batch = batch;
        if (batch.IsLegacy)
        {
            _legacy = new LegacyMessageReader(batch.Message, batch.Batch, bytesMax);
            return;
        }

        _fault = BatchPayload.TryOpen(batch.Header, bytesMax, out _payload);
        if (_fault == RecordFault.None)
        {
            _reader = new RecordReader(batch.Header, _payload.Bytes);
        }
    }

    /// <summary>What was found wrong; None while reading goes well and after it ended well.</summary>
    public readonly RecordFault Fault => _batch.IsLegacy ? _legacy.Fault : _fault != RecordFault.None ? _fault : _reader.Fault;

    /// <summary>The number of records read so far.</summary>
    public readonly int RecordsRead => _batch.IsLegacy ? _legacy.RecordsRead : _reader.RecordsRead;

    /// <summary>Reads the next record. False after the last one and at the first fault.</summary>
    public bool MoveNext(out RecordView record)
    {
        record = default;
        return _batch.IsLegacy ? _legacy.MoveNext(out record) : _fault == RecordFault.None && _reader.MoveNext(out record);
    }

    /// <summary>Throws <see cref="InvalidRecordException"/> when reading ended at a fault.</summary>
    public readonly void ThrowIfFaulty()
    {
        if (Fault != RecordFault.None)
        {
            throw new InvalidRecordException(
                Fault, $"record {RecordsRead} of the {CompressionCodecs.Name(_batch.Codec)} batch that ends at offset {_batch.LastOffset} cannot be read: {Fault}");
        }
    }

    public void Dispose()
    {
        _payload.Dispose();
        _legacy.Dispose();
    }
}
