using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Tidemark.Primitives;

namespace Tidemark.Protocol;

/// <summary>Arrays of plain values.</summary>
public ref partial struct WireReader
{
    public List<sbyte> ReadInt8List(bool compact) => ReadNullableInt8List(compact) ?? throw ProtocolException.NullNotAllowed();

    public List<sbyte>? ReadNullableInt8List(bool compact)
    {
        int count = ReadNullableCount(compact, sizeof(sbyte));
        if (count < 0)
        {
            return null;
        }

        List<sbyte> list = Sized<sbyte>(count);
        MemoryMarshal.Cast<byte, sbyte>(Take(count)).CopyTo(CollectionsMarshal.AsSpan(list));
        return list;
    }

    public List<short> ReadInt16List(bool compact) => ReadNullableInt16List(compact) ?? throw ProtocolException.NullNotAllowed();

    public List<short>? ReadNullableInt16List(bool compact)
    {
        int count = ReadNullableCount(compact, sizeof(short));
        if (count < 0)
        {
            return null;
        }

        List<short> list = Sized<short>(count);
        Span<short> values = CollectionsMarshal.AsSpan(list);
        Take(count * sizeof(short)).CopyTo(MemoryMarshal.AsBytes(values));
        BinaryPrimitives.ReverseEndianness(values, values);
        return list;
    }

    public List<int> ReadInt32List(bool compact) => ReadNullableInt32List(compact) ?? throw ProtocolException.NullNotAllowed();

    public List<int>? ReadNullableInt32List(bool compact)
    {
        int count = ReadNullableCount(compact, sizeof(int));
        if (count < 0)
        {
            return null;
        }

        List<int> list = Sized<int>(count);
        Span<int> values = CollectionsMarshal.AsSpan(list);
        Take(count * sizeof(int)).CopyTo(MemoryMarshal.AsBytes(values));
        BinaryPrimitives.ReverseEndianness(values, values);
        return list;
    }

    public List<long> ReadInt64List(bool compact) => ReadNullableInt64List(compact) ?? throw ProtocolException.NullNotAllowed();

    public List<long>? ReadNullableInt64List(bool compact)
    {
        int count = ReadNullableCount(compact, sizeof(long));
        if (count < 0)
        {
            return null;
        }

        List<long> list = Sized<long>(count);
        Span<long> values = CollectionsMarshal.AsSpan(list);
        Take(count * sizeof(long)).CopyTo(MemoryMarshal.AsBytes(values));
        BinaryPrimitives.ReverseEndianness(values, values);
        return list;
    }

    public List<Uuid> ReadUuidList(bool compact) => ReadNullableUuidList(compact) ?? throw ProtocolException.NullNotAllowed();

    public List<Uuid>? ReadNullableUuidList(bool compact)
    {
        int count = ReadNullableCount(compact, 16);
        if (count < 0)
        {
            return null;
        }

        var list = new List<Uuid>(count);
        for (int i = 0; i < count; i++)
        {
            list.Add(ReadUuid());
        }

        return list;
    }

    public List<string> ReadStringList(bool compact) => ReadNullableStringList(compact) ?? throw ProtocolException.NullNotAllowed();

    public List<string>? ReadNullableStringList(bool compact)
    {
        int count = ReadNullableCount(compact, compact ? 1 : 2);
        if (count < 0)
        {
            return null;
        }

        var list = new List<string>(count);
        for (int i = 0; i < count; i++)
        {
            list.Add(ReadString(compact));
        }

        return list;
    }

    private static List<T> Sized<T>(int count)
    {
        var list = new List<T>(count);
        CollectionsMarshal.SetCount(list, count);
        return list;
    }
}
