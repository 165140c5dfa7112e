using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Tidemark.Primitives;

namespace Tidemark.Protocol;

/// <summary>Arrays of plain values. A list that cannot be null but was never touched is null here, and written as empty.</summary>
public sealed partial class WireWriter
{
    public void WriteInt8List(List<sbyte>? list, bool compact)
    {
        ReadOnlySpan<sbyte> values = CollectionsMarshal.AsSpan(list);
        WriteCount(values.Length, compact);
        WriteRaw(MemoryMarshal.AsBytes(values));
    }

    public void WriteInt16List(List<short>? list, bool compact)
    {
        ReadOnlySpan<short> values = CollectionsMarshal.AsSpan(list);
        WriteCount(values.Length, compact);
        BinaryPrimitives.ReverseEndianness(values, MemoryMarshal.Cast<byte, short>(Claim(values.Length * sizeof(short))));
    }

    public void WriteInt32List(List<int>? list, bool compact)
    {
        ReadOnlySpan<int> values = CollectionsMarshal.AsSpan(list);
        WriteCount(values.Length, compact);
        BinaryPrimitives.ReverseEndianness(values, MemoryMarshal.Cast<byte, int>(Claim(values.Length * sizeof(int))));
    }

    public void WriteInt64List(List<long>? list, bool compact)
    {
        ReadOnlySpan<long> values = CollectionsMarshal.AsSpan(list);
        WriteCount(values.Length, compact);
        BinaryPrimitives.ReverseEndianness(values, MemoryMarshal.Cast<byte, long>(Claim(values.Length * sizeof(long))));
    }

    public void WriteUuidList(List<Uuid>? list, bool compact)
    {
        WriteCount(list?.Count ?? 0, compact);
        foreach (Uuid value in CollectionsMarshal.AsSpan(list))
        {
            WriteUuid(value);
        }
    }

    public void WriteStringList(List<string>? list, bool compact)
    {
        WriteCount(list?.Count ?? 0, compact);
        foreach (string value in CollectionsMarshal.AsSpan(list))
        {
            WriteString(value, compact);
        }
    }

    public void WriteNullableInt8List(List<sbyte>? list, bool compact)
    {
        if (NotNull(list, compact))
        {
            WriteInt8List(list, compact);
        }
    }

    public void WriteNullableInt16List(List<short>? list, bool compact)
    {
        if (NotNull(list, compact))
        {
            WriteInt16List(list, compact);
        }
    }

    public void WriteNullableInt32List(List<int>? list, bool compact)
    {
        if (NotNull(list, compact))
        {
            WriteInt32List(list, compact);
        }
    }

    public void WriteNullableInt64List(List<long>? list, bool compact)
    {
        if (NotNull(list, compact))
        {
            WriteInt64List(list, compact);
        }
    }

    public void WriteNullableUuidList(List<Uuid>? list, bool compact)
    {
        if (NotNull(list, compact))
        {
            WriteUuidList(list, compact);
        }
    }

    public void WriteNullableStringList(List<string>? list, bool compact)
    {
        if (NotNull(list, compact))
        {
            WriteStringList(list, compact);
        }
    }

    private bool NotNull<T>(List<T>? list, bool compact)
    {
        if (list is null)
        {
            WriteNullCount(compact);
        }

        return list is not null;
    }
}
