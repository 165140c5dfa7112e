using Tidemark.Protocol;

namespace Tidemark.Broker.Dispatch;

/// <summary>
/// Who a forwarded request comes from, as brokers tell each other: the version of the layout, then type and name of the principal and
/// whether a delegation token proved it (KIP-590).
/// </summary>
internal static class ForwardedPrincipal
{
    /// <summary>What every client is without authentication.</summary>
    public static ReadOnlyMemory<byte> Anonymous { get; } = Write("User", "ANONYMOUS");

    private static ReadOnlyMemory<byte> Write(string type, string name)
    {
        using var writer = new WireWriter();
        writer.WriteInt16(0);
        writer.WriteString(type, compact: true);
        writer.WriteString(name, compact: true);
        writer.WriteBool(false);
        writer.WriteVarUInt32(0);
        return writer.WrittenSpan.ToArray();
    }
}
