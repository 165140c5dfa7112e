using System.Buffers.Binary;

namespace Tidemark.Broker.Connections;

/// <summary>The first eight bytes of every request, the same in all header versions.</summary>
internal readonly record struct RequestHead(short ApiKey, short ApiVersion, int CorrelationId)
{
    public const int Length = 8;

    public static bool TryRead(ReadOnlySpan<byte> frame, out RequestHead head)
    {
        if (frame.Length < Length)
        {
            head = default;
            return false;
        }

        head = new(
            BinaryPrimitives.ReadInt16BigEndian(frame),
            BinaryPrimitives.ReadInt16BigEndian(frame[2..]),
            BinaryPrimitives.ReadInt32BigEndian(frame[4..]));
        return true;
    }
}
