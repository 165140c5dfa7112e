using Tidemark.Records;

namespace Tidemark.Storage.Segments;

/// <summary>Takes batches off bytes that come from a disk or from a leader, where anything may stand.</summary>
internal static class BatchFrame
{
    /// <summary>
    /// Takes the next whole batch off the bytes. False when they do not begin with one: too short, a length that cannot be, another
    /// magic, or offsets that run backwards.
    /// </summary>
    /// <param name="head">The header, as soon as all of it is there; the default otherwise, which must not be read.</param>
    public static bool TryTake(ReadOnlySpan<byte> bytes, out RecordBatchHeader head)
    {
        if (bytes.Length < RecordBatchHeader.Size)
        {
            head = default;
            return false;
        }

        head = new RecordBatchHeader(bytes);
        return head.SizeInBytes >= RecordBatchHeader.Size && head.SizeInBytes <= bytes.Length
            && head.Magic == RecordBatchHeader.CurrentMagic && head.LastOffsetDelta >= 0 && head.BaseOffset.Value >= 0;
    }
}
