using Tidemark.Primitives;

namespace Tidemark.Broker.Handlers;

/// <summary>What clients are told of the metrics that the cluster subscribes to (KIP-714): none.</summary>
internal static class ClientMetrics
{
    public const int PushIntervalMs = 5 * 60 * 1000;
    public const int MaxBytes = 1 << 20;

    /// <summary>The subscription of a client: a checksum over the metrics that are wanted and the interval, and the client's id.</summary>
    public static int SubscriptionOf(Uuid client)
    {
        ulong id = client.High ^ client.Low;
        return (int)(Crc32C.Compute("[]300000"u8) ^ (uint)(id >> 32) ^ (uint)id);
    }
}
