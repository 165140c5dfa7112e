namespace Tidemark.Protocol;

/// <summary>Writes a section of tagged fields in ascending order, unknown ones between the known.</summary>
internal struct TagWriter(WireWriter writer, List<UnknownTag>? unknown)
{
    private int _nextUnknown;
    private int _start;

    /// <summary>Begins the value of a known tag.</summary>
    public void Begin(uint number)
    {
        WriteUnknownBelow(number);
        writer.WriteVarUInt32(number);
        _start = writer.Length;
        writer.WriteInt8(0);
    }

    /// <summary>Ends the value that <see cref="Begin"/> began.</summary>
    public readonly void End() => writer.InsertSize(_start);

    /// <summary>Ends the section.</summary>
    public void Finish() => WriteUnknownBelow(uint.MaxValue);

    private void WriteUnknownBelow(uint number)
    {
        while (unknown is not null && _nextUnknown < unknown.Count && unknown[_nextUnknown].Number <= number)
        {
            writer.WriteUnknownTag(unknown[_nextUnknown++]);
        }
    }
}
