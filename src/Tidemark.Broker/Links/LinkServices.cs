using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Links;

/// <summary>What all links of a node share.</summary>
internal sealed class LinkServices(BrokerEnvironment environment, LinkOptions options) : IDisposable
{
    /// <summary>Nodes that lost the same peer at the same moment should not all come back at the same moment.</summary>
    private const double Jitter = 0.2;

    /// <summary>Doubling beyond this many attempts would reach any limit.</summary>
    private const int DoublingsMax = 20;

    private readonly byte[] _random = new byte[sizeof(uint)];

    public TimeProvider Time => environment.Time;

    public INodeConnector Connector => environment.Connector;

    public LinkOptions Options => options;

    public ILogger Log { get; } = environment.Logs.CreateLogger("Tidemark.Links");

    /// <summary>The deadlines of all calls.</summary>
    public DelayQueue Delays { get; } = new(environment.Time);

    public string ClientIdFor(string purpose) => $"{options.ClientId}-{purpose}";

    public ApiVersionsRequest NewVersionsRequest() =>
        new() { ClientSoftwareName = "tidemark", ClientSoftwareVersion = options.SoftwareVersion };

    /// <summary>How long to wait, in ticks of the clock, after so many attempts in a row that came to nothing.</summary>
    public long BackoffTicks(int failedAttempts)
    {
        double doubled = options.BackoffFirst.TotalSeconds * (1 << Math.Min(failedAttempts - 1, DoublingsMax));
        return (long)(Math.Min(doubled, options.BackoffMax.TotalSeconds) * (1 - Jitter + (2 * Jitter * Fraction())) * Time.TimestampFrequency);
    }

    public TimeSpan Span(long ticks) => TimeSpan.FromSeconds((double)ticks / Time.TimestampFrequency);

    public void Dispose() => Delays.Dispose();

    private double Fraction()
    {
        lock (_random)
        {
            environment.FillRandom(_random);
            return BinaryPrimitives.ReadUInt32LittleEndian(_random) / (double)uint.MaxValue;
        }
    }
}
