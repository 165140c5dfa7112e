using Tidemark.Protocol;

namespace Tidemark.Broker.Connections;

/// <summary>Reads what follows the first eight bytes of a request's header: the client id and, in flexible versions, tagged fields.</summary>
internal static class RequestHeaderTail
{
    /// <summary>Where the request's body begins. Throws <see cref="ProtocolException"/> when the header does not fit the frame.</summary>
    public static int Read(ReadOnlySpan<byte> frame, in RequestHead head, out ReadOnlySpan<byte> clientId, out bool isNull)
    {
        int at = RequestHead.Length;
        Need(frame, at, sizeof(short));
        int length = (short)(frame[at] << 8 | frame[at + 1]);
        at += sizeof(short);
        isNull = length < 0;
        if (isNull && length != -1)
        {
            throw new ProtocolException($"a client id of length {length}");
        }

        Need(frame, at, Math.Max(length, 0));
        clientId = isNull ? default : frame.Slice(at, length);
        at += Math.Max(length, 0);
        if (MessageCatalog.Api((ApiKey)head.ApiKey).IsFlexible(head.ApiVersion))
        {
            for (uint tags = ReadVarint(frame, ref at); tags > 0; tags--)
            {
                _ = ReadVarint(frame, ref at);
                uint size = ReadVarint(frame, ref at);
                Need(frame, at, size);
                at += (int)size;
            }
        }

        return at;
    }

    private static void Need(ReadOnlySpan<byte> frame, int at, long count)
    {
        if (count > frame.Length - at)
        {
            throw new ProtocolException("the request ends inside its header");
        }
    }

    private static uint ReadVarint(ReadOnlySpan<byte> frame, ref int at)
    {
        uint value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            Need(frame, at, 1);
            byte b = frame[at++];
            value |= (uint)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new ProtocolException("a number of more than five bytes in the header");
    }
}
