using System.Buffers;
using System.Buffers.Text;

namespace Tidemark.Storage.Checkpoints;

/// <summary>
/// The text that Kafka's checkpoint files share: a line with the version 0, a line with the number of entries, then one entry a
/// line, its fields apart by a space.
/// </summary>
internal static class CheckpointText
{
    public static void WriteHeading(IBufferWriter<byte> to, int entries)
    {
        to.Write("0\n"u8);
        WriteNumber(to, entries, (byte)'\n');
    }

    public static void WriteNumber(IBufferWriter<byte> to, long value, byte after)
    {
        Span<byte> span = to.GetSpan(21);
        Utf8Formatter.TryFormat(value, span, out int written);
        span[written] = after;
        to.Advance(written + 1);
    }

    /// <summary>Takes the next line off the text; false at its end.</summary>
    public static bool NextLine(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        if (text.IsEmpty)
        {
            line = default;
            return false;
        }

        int end = text.IndexOf((byte)'\n');
        line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        line = line.TrimEnd((byte)'\r');
        return true;
    }

    /// <summary>Takes the last field off the line, which must be a number.</summary>
    public static bool LastNumber(ref ReadOnlySpan<byte> line, out long value)
    {
        int space = line.LastIndexOf((byte)' ');
        ReadOnlySpan<byte> field = line[(space + 1)..];
        line = space < 0 ? default : line[..space];
        return Utf8Parser.TryParse(field, out value, out int used) && used == field.Length && used > 0;
    }

    /// <summary>Reads version and count. False when this is no such file.</summary>
    public static bool ReadHeading(ref ReadOnlySpan<byte> text, out long entries)
    {
        entries = 0;
        return NextLine(ref text, out ReadOnlySpan<byte> version) && version.SequenceEqual("0"u8)
            && NextLine(ref text, out ReadOnlySpan<byte> count) && LastNumber(ref count, out entries) && entries >= 0;
    }
}
