using Tidemark.Primitives;

namespace Tidemark.Protocol;

/// <summary>Tagged fields (KIP-482).</summary>
public sealed partial class WireWriter
{
    /// <summary>Begins a section of known tags, of which <paramref name="known"/> will be written, and unknown ones.</summary>
    internal TagWriter BeginTags(int known, List<UnknownTag>? unknown)
    {
        WriteVarUInt32((uint)(known + (unknown?.Count ?? 0)));
        return new TagWriter(this, unknown);
    }

    /// <summary>Writes a section that has unknown tags at most.</summary>
    public void WriteUnknownTags(List<UnknownTag>? unknown)
    {
        WriteVarUInt32((uint)(unknown?.Count ?? 0));
        for (int i = 0; unknown is not null && i < unknown.Count; i++)
        {
            WriteUnknownTag(unknown[i]);
        }
    }

    internal void WriteUnknownTag(UnknownTag tag)
    {
        WriteVarUInt32(tag.Number);
        WriteVarUInt32((uint)tag.Value.Length);
        WriteRaw(tag.Value.Span);
    }

    /// <summary>
    /// Puts the size of what was written since <paramref name="start"/> before it. One byte was kept free for it,
    /// which is enough for nearly all tags; a larger value is moved.
    /// </summary>
    internal void InsertSize(int start)
    {
        int size = _length - start - 1;
        int sizeBytes = VarInt.SizeOf((uint)size);
        if (sizeBytes > 1)
        {
            Ensure(sizeBytes - 1);
            _buffer.AsSpan(start + 1, size).CopyTo(_buffer.AsSpan(start + sizeBytes));
            _length += sizeBytes - 1;
        }

        VarInt.Write(_buffer.AsSpan(start), (uint)size);
    }
}
