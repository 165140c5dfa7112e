using System.CommandLine;
using System.Diagnostics;
using Tidemark.Client.Producing;
using Tidemark.Records;
using Tidemark.Records.Compression;

namespace Tidemark.Parsing;

/// <summary>How records are written, and how fast: the same for all commands that write.</summary>
internal sealed class SendOptions
{
    private readonly Option<string> _acks = new("--acks")
    {
        Description = "Who must have a record before it counts: all (in-sync replicas), 1 (the leader), 0 (nobody).",
        HelpName = "ACKS",
        DefaultValueFactory = _ => "all",
    };

    private readonly Option<string> _codec = new("--codec", "-z") { Description = "How batches are compressed.", HelpName = "CODEC", DefaultValueFactory = _ => "none" };
    private readonly Option<double?> _rate = new Option<double?>("--rate") { Description = "No more records than this in a second.", HelpName = "N" }.From(0.001);

    public void AddTo(Command command)
    {
        _acks.OneOf("all", "-1", "1", "0");
        _codec.OneOf("none", "gzip", "snappy", "lz4", "zstd");
        command.Add(_acks);
        command.Add(_codec);
        command.Add(_rate);
    }

    public ProducerOptions Read(ClusterCall call)
    {
        CompressionCodecs.TryParse(call.Get(_codec)!, out CompressionCodec codec);
        return new ProducerOptions { Acks = call.Get(_acks) switch { "0" => 0, "1" => 1, _ => -1 }, Codec = codec };
    }

    /// <summary>Waits until record number <paramref name="index"/> may be written, counted from a start on the stopwatch.</summary>
    public Task AwaitTurnAsync(ClusterCall call, long index, long began) =>
        call.Get(_rate) is { } rate && TimeSpan.FromSeconds(index / rate) - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early
            ? Task.Delay(early, call.Cancellation)
            : Task.CompletedTask;
}
