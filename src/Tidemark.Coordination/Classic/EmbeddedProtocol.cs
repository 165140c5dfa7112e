using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>
/// What consumers of the classic protocol say to each other through the coordinator: a version as int16, then the subscription or the
/// assignment. A version that is newer than ours is read as ours, since new versions only add at the end.
/// </summary>
public static class EmbeddedProtocol
{
    /// <summary>The topics of a subscription; null when it is none.</summary>
    public static IReadOnlyList<string>? TopicsOf(ReadOnlyMemory<byte> subscription)
    {
        try
        {
            var reader = new WireReader(subscription);
            reader.ReadInt16();
            return ConsumerProtocolSubscription.Read(ref reader, 0).Topics;
        }
        catch (ProtocolException)
        {
            return null;
        }
    }

    /// <summary>The subscription of a member, and the version it was written in; null when it is none.</summary>
    public static (ConsumerProtocolSubscription Subscription, short Version)? ReadSubscription(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var reader = new WireReader(bytes);
            short version = reader.ReadInt16();
            return version < 0 ? null : (ConsumerProtocolSubscription.Read(ref reader, short.Min(version, ConsumerProtocolSubscription.HighestVersion)), version);
        }
        catch (ProtocolException)
        {
            return null;
        }
    }

    /// <summary>The assignment of a member; null when it is none. No bytes are an assignment of nothing.</summary>
    public static ConsumerProtocolAssignment? ReadAssignment(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return new();
        }

        try
        {
            var reader = new WireReader(bytes);
            short version = reader.ReadInt16();
            return version < 0 ? null : ConsumerProtocolAssignment.Read(ref reader, short.Min(version, ConsumerProtocolAssignment.HighestVersion));
        }
        catch (ProtocolException)
        {
            return null;
        }
    }

    /// <summary>An assignment in the version in which the member speaks.</summary>
    public static ReadOnlyMemory<byte> Write(ConsumerProtocolAssignment assignment, short version)
    {
        short written = short.Clamp(version, ConsumerProtocolAssignment.LowestVersion, ConsumerProtocolAssignment.HighestVersion);
        using var writer = new WireWriter();
        writer.WriteInt16(written);
        assignment.Write(writer, written);
        return writer.WrittenMemory.ToArray();
    }
}
