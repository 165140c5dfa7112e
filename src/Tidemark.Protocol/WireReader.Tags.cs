namespace Tidemark.Protocol;

/// <summary>
/// Tagged fields (KIP-482): a count, then for each a number, a size and a value, numbers ascending.
/// <code>
/// TagSection tags = reader.ReadTags();
/// while (reader.NextTag(ref tags))
/// {
///     switch (tags.Number) { … }
/// }
/// </code>
/// </summary>
public ref partial struct WireReader
{
    /// <summary>Reads how many tagged fields follow.</summary>
    public TagSection ReadTags()
    {
        uint count = ReadVarUInt32();
        if (count * 2L > Remaining)
        {
            throw ProtocolException.Truncated(count * 2L, Remaining);
        }

        return new TagSection { Remaining = count, End = _position };
    }

    /// <summary>
    /// Steps to the next tagged field. The value before must have been read exactly to its end.
    /// False at the section's end.
    /// </summary>
    public bool NextTag(ref TagSection tags)
    {
        if (_position != tags.End)
        {
            throw new ProtocolException($"The value of tag {tags.Number} does not have the size that was announced.");
        }

        if (tags.Remaining == 0)
        {
            return false;
        }

        uint number = ReadVarUInt32();
        if (tags.IsStarted && number <= tags.Number)
        {
            throw new ProtocolException($"Tag {number} follows tag {tags.Number}: tags must ascend.");
        }

        uint size = ReadVarUInt32();
        if (size > Remaining)
        {
            throw ProtocolException.Truncated(size, Remaining);
        }

        tags.Remaining--;
        tags.IsStarted = true;
        tags.Number = number;
        tags.End = _position + (int)size;
        return true;
    }

    /// <summary>Reads the value of the tag that <see cref="NextTag"/> stepped to, without knowing what it means.</summary>
    public UnknownTag ReadUnknownTag(in TagSection tags) => new(tags.Number, ReadRaw(tags.End - _position));

    /// <summary>Steps over the value of the tag that <see cref="NextTag"/> stepped to.</summary>
    public void SkipTag(in TagSection tags) => Take(tags.End - _position);

    /// <summary>Reads a section none of whose tags is known. Null when it is empty.</summary>
    public List<UnknownTag>? ReadUnknownTags()
    {
        TagSection tags = ReadTags();
        List<UnknownTag>? unknown = null;
        while (NextTag(ref tags))
        {
            (unknown ??= []).Add(ReadUnknownTag(in tags));
        }

        return unknown;
    }

    /// <summary>Steps over a section whatever is in it.</summary>
    public void SkipTags()
    {
        TagSection tags = ReadTags();
        while (NextTag(ref tags))
        {
            SkipTag(in tags);
        }
    }
}
