using System.Buffers.Binary;
using System.Text;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Offsets;

/// <summary>
/// Reads records of committed offsets as they stand in the log, without the objects of the general way: a partition of
/// <c>__consumer_offsets</c> can hold millions of them. What is not as expected is left to the general way.
/// </summary>
internal static class OffsetRecordReader
{
    private const short OffsetCommitNumber = 1;
    private const short LowestVersion = 0;
    private const short FlexibleVersion = 4;

    public static bool IsOffsetKey(ReadOnlySpan<byte> key) =>
        key.Length > 2 && BinaryPrimitives.ReadInt16BigEndian(key) == OffsetCommitNumber;

    public static bool TryReadKey(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> group, out ReadOnlySpan<byte> topic, out int partition)
    {
        partition = 0;
        topic = default;
        ReadOnlySpan<byte> rest = key[2..];
        if (!TryTakeString(ref rest, out group) || !TryTakeString(ref rest, out topic) || rest.Length < 4)
        {
            return false;
        }

        partition = BinaryPrimitives.ReadInt32BigEndian(rest);
        return true;
    }

    public static bool TryReadValue(ReadOnlySpan<byte> value, long sequence, out CommittedOffset? read)
    {
        read = null;
        if (value.Length < 10)
        {
            return false;
        }

        short version = BinaryPrimitives.ReadInt16BigEndian(value);
        if (version is < LowestVersion or > FlexibleVersion)
        {
            return false;
        }

        long offset = BinaryPrimitives.ReadInt64BigEndian(value[2..]);
        ReadOnlySpan<byte> rest = value[10..];
        int epoch = -1;
        if (version >= 3)
        {
            if (rest.Length < 4)
            {
                return false;
            }

            epoch = BinaryPrimitives.ReadInt32BigEndian(rest);
            rest = rest[4..];
        }

        if (!(version == FlexibleVersion ? TryTakeCompactString(ref rest, out ReadOnlySpan<byte> metadata) : TryTakeString(ref rest, out metadata))
            || rest.Length < 8)
        {
            return false;
        }

        long committed = BinaryPrimitives.ReadInt64BigEndian(rest);
        rest = rest[8..];
        long expires = -1;
        if (version == 1)
        {
            if (rest.Length < 8)
            {
                return false;
            }

            expires = BinaryPrimitives.ReadInt64BigEndian(rest);
        }

        Uuid topicId = Uuid.Zero;
        if (version == FlexibleVersion && !TryReadTopicId(rest, out topicId))
        {
            return false;
        }

        read = new CommittedOffset(offset, epoch, metadata.IsEmpty ? "" : Encoding.UTF8.GetString(metadata), committed, expires, topicId, sequence);
        return true;
    }

    /// <summary>Knows the tags as Kafka writes them: none, or the topic's id alone.</summary>
    private static bool TryReadTopicId(ReadOnlySpan<byte> tags, out Uuid id)
    {
        id = Uuid.Zero;
        if (tags is [0])
        {
            return true;
        }

        if (tags is not [1, 0, 16, ..] || tags.Length != 19)
        {
            return false;
        }

        id = Uuid.Read(tags[3..]);
        return true;
    }

    private static bool TryTakeString(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (rest.Length < 2)
        {
            return false;
        }

        short length = BinaryPrimitives.ReadInt16BigEndian(rest);
        if (length < 0 || rest.Length - 2 < length)
        {
            return false;
        }

        text = rest.Slice(2, length);
        rest = rest[(2 + length)..];
        return true;
    }

    /// <summary>Of one byte's length; longer ones are left to the general way.</summary>
    private static bool TryTakeCompactString(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (rest.IsEmpty || rest[0] is 0 or >= 0x80 || rest.Length < rest[0])
        {
            return false;
        }

        int length = rest[0] - 1;
        text = rest.Slice(1, length);
        rest = rest[(1 + length)..];
        return true;
    }
}
