using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;

namespace Tidemark.Chaos.Clients;

/// <summary>
/// What librdkafka says of its own state, in a file beside the nodes' directories. It begins a new producer epoch by itself where it holds
/// its sequence for broken, and what it sends again under that is a new record to every broker: only its own words tell such a record from one that a broker took twice.
/// </summary>
internal sealed class LibrdkafkaLog : IDisposable
{
    /// <summary>librdkafka's area for the state of idempotent producers.</summary>
    public const string Area = "eos";
    private const string NewEpoch = "bumped epoch to";
    private readonly Lock _lock = new();
    private readonly Stopwatch _watch;
    private readonly StreamWriter _file;
    private int _newEpochs;

    /// <param name="watch">The run's: the lines have its times.</param>
    public LibrdkafkaLog(string path, Stopwatch watch) => (_watch, _file) = (watch, new StreamWriter(path) { AutoFlush = true });

    /// <summary>How often it began a new producer epoch.</summary>
    public int NewEpochs => Volatile.Read(ref _newEpochs);

    public void Add(LogMessage line)
    {
        if (line.Message.Contains(NewEpoch, StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _newEpochs);
        }

        lock (_lock)
        {
            _file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_watch.Elapsed.TotalSeconds,9:0.000} s  {line.Facility} {line.Message}"));
        }
    }

    public void Dispose() => _file.Dispose();
}
