using System.Collections.Concurrent;
using System.Reflection;

namespace Tidemark.Protocol.Tests.Vectors;

/// <summary>Finds the generated classes by name.</summary>
public static class MessageClasses
{
    private static readonly ConcurrentDictionary<string, Reader> Readers = new();

    public delegate IMessage Reader(ref WireReader reader, short version);

    public static IEnumerable<Type> All => typeof(IMessage).Assembly.GetTypes()
        .Where(type => type is { IsClass: true, IsNested: false } && type.IsAssignableTo(typeof(IMessage)));

    public static Reader ReaderOf(string className) => Readers.GetOrAdd(className, static name =>
    {
        Type type = typeof(IMessage).Assembly.GetType("Tidemark.Protocol.Messages." + name)
            ?? throw new InvalidOperationException($"No class {name} was generated.");
        return type.GetMethod("Read", BindingFlags.Public | BindingFlags.Static)!.CreateDelegate<Reader>();
    });

    public static IMessage Read(MessageVector vector) => Read(ReaderOf(vector.ClassName), vector.Bytes, vector.Version);

    /// <summary>Reads a message that has to fill the bytes.</summary>
    public static IMessage Read(Reader read, byte[] bytes, short version)
    {
        var reader = new WireReader(bytes);
        IMessage message = read(ref reader, version);
        return reader.Remaining == 0 ? message : throw new ProtocolException($"{reader.Remaining} bytes are left.");
    }
}
