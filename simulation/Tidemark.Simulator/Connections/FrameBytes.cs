using System.Buffers.Binary;
using Tidemark.Broker.Connections;
using Tidemark.Primitives;

namespace Tidemark.Simulator.Connections;

/// <summary>What a frame puts on the wire.</summary>
internal static class FrameBytes
{
    /// <summary>Takes over an outbound frame and answers its bytes without the size prefix, which has to be right.</summary>
    public static byte[] Take(OutboundFrame frame)
    {
        using (frame)
        {
            byte[] bytes = new byte[frame.Length];
            int done = 0;
            foreach (OutboundPart part in frame.Parts)
            {
                Span<byte> into = bytes.AsSpan(done, part.Length);
                if (part.File is null)
                {
                    part.Memory.Span.CopyTo(into);
                }
                else
                {
                    Invariant.Require(part.File.Read(part.Position, into) == part.Length);
                }

                done += part.Length;
            }

            Invariant.Require(BinaryPrimitives.ReadInt32BigEndian(bytes) == bytes.Length - sizeof(int));
            return bytes[sizeof(int)..];
        }
    }

    /// <summary>A frame as it reaches its handler, who owns it.</summary>
    public static InboundFrame Give(byte[] bytes) => new(new FrameMemory(bytes), bytes.Length);
}
