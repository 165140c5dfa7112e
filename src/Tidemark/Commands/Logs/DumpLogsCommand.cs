using System.CommandLine;
using System.Text;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Records;
using Tidemark.Records.Compression;

namespace Tidemark.Commands.Logs;

/// <summary><c>tidemark logs dump</c>: what stands in segments, batch by batch and record by record.</summary>
internal static class DumpLogsCommand
{
    public static Command Define()
    {
        var paths = new Argument<string[]>("PATH") { Description = "Segment files, or directories of them.", Arity = ArgumentArity.OneOrMore };
        var records = new Option<bool>("--records") { Description = "Show the records too." };
        Option<bool> json = JsonOption.Create();
        var command = new ExampledCommand(
            "dump",
            "Show the batches of segments on the disk, and with --records their records.",
            "tidemark logs dump ./data/orders-0",
            "tidemark logs dump ./data/orders-0/00000000000000000000.log --records --json")
        {
            paths,
            records,
            json,
        };
        command.SetAction(parsed => CommandLine.Guard(() => Run(parsed.GetRequiredValue(paths), parsed.GetValue(records), parsed.GetValue(json))));
        return command;
    }

    private static int Run(string[] paths, bool records, bool json)
    {
        int exitCode = ExitCode.Success;
        foreach (string segment in LogFiles.Segments(paths))
        {
            if (!json)
            {
                Console.Out.WriteLine(segment);
            }

            using var reader = new SegmentReader(segment);
            while (reader.MoveNext())
            {
                StoredBatch header = reader.Batch;
                bool intact = header.CrcIsValid();
                exitCode = intact ? exitCode : ExitCode.Damaged;
                RecordFault unread = json ? WriteJson(segment, reader.Position, header, intact, records) : WriteText(reader.Position, header, intact, records);
                if (unread != RecordFault.None)
                {
                    // The checksum covers what was written, not that it made sense.
                    Console.Error.WriteLine($"{segment}: position {reader.Position}: the records of the batch cannot be read: {unread}");
                    exitCode = ExitCode.Damaged;
                }
            }

            if (reader.Fault is { } fault)
            {
                Console.Error.WriteLine($"{segment}: position {reader.Position}: {fault}");
                exitCode = ExitCode.Damaged;
            }
        }

        return exitCode;
    }

    /// <summary>What the records could not be read for; None where they were, and where they were not asked for.</summary>
    private static RecordFault WriteText(long position, StoredBatch header, bool intact, bool records)
    {
        var line = new StringBuilder();
        line.Append($"  @{position} offsets {header.BaseOffset.Value}-{header.LastOffset.Value} records {CountOf(header, intact)} bytes {header.SizeInBytes} epoch {header.LeaderEpoch.Value}");
        line.Append($" {CompressionCodecs.Name(header.Codec)} {header.TimestampType} {header.MaxTimestamp}");
        if (header.IsLegacy)
        {
            line.Append($" format {header.Magic}");
        }

        if (header.HasProducerId)
        {
            RecordBatchHeader own = header.Header;
            line.Append($" producer {own.ProducerId.Value}/{own.ProducerEpoch} sequence {own.BaseSequence}-{own.LastSequence}");
        }

        line.Append(header.IsTransactional ? " transactional" : "").Append(header.IsControl ? " control" : "").Append(intact ? "" : " WRONG CHECKSUM");
        Console.Out.WriteLine(line);
        return !records || !intact ? RecordFault.None
            : Visit(header, static (in RecordView record) =>
            {
                var text = new StringBuilder($"    {record.Offset} {record.Timestamp} {Shown(record.Key)}: {Shown(record.Value)}");
                foreach (RecordHeaderWalk one in record.Headers)
                {
                    text.Append($" [{Encoding.UTF8.GetString(one.Key)}={Shown(one.Value)}]");
                }

                Console.Out.WriteLine(text);
            });
    }

    private static RecordFault WriteJson(string segment, long position, StoredBatch header, bool intact, bool records)
    {
        var shown = new List<(long Offset, long Timestamp, byte[]? Key, byte[]? Value, List<(string Key, byte[]? Value)> Headers)>();
        RecordFault unread = RecordFault.None;
        if (records && intact)
        {
            unread = Visit(header, (in RecordView record) =>
            {
                var headers = new List<(string, byte[]?)>();
                foreach (RecordHeaderWalk one in record.Headers)
                {
                    headers.Add((Encoding.UTF8.GetString(one.Key), one.Value.ToArray()));
                }

                shown.Add((record.Offset, record.Timestamp, record.Key.ToArray(), record.Value.ToArray(), headers));
            });
        }

        (long Producer, short Epoch, int Sequence) producer =
            header.IsLegacy ? (-1, -1, -1) : (header.Header.ProducerId.Value, header.Header.ProducerEpoch, header.Header.BaseSequence);
        var fields = new (string, object?)[]
        {
            ("segment", segment), ("position", position), ("baseOffset", header.BaseOffset.Value), ("lastOffset", header.LastOffset.Value), ("records", CountOf(header, intact)),
            ("bytes", header.SizeInBytes), ("leaderEpoch", header.LeaderEpoch.Value), ("codec", CompressionCodecs.Name(header.Codec)), ("timestampType", header.TimestampType.ToString()),
            ("maxTimestamp", header.MaxTimestamp), ("producerId", producer.Producer), ("producerEpoch", producer.Epoch), ("baseSequence", producer.Sequence),
            ("transactional", header.IsTransactional), ("control", header.IsControl), ("format", (int)header.Magic), ("intact", intact),
        };
        JsonOutput.WriteLine(writer =>
        {
            writer.WriteStartObject();
            foreach ((string name, object? value) in fields)
            {
                writer.WritePropertyName(name);
                JsonOutput.WriteValue(writer, value);
            }

            if (records)
            {
                writer.WriteStartArray("content");
                foreach (var record in shown)
                {
                    RecordJson.Write(writer, null, null, record.Offset, record.Timestamp, record.Key, record.Value, record.Headers);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });
        return unread;
    }

    /// <summary>What the header says; a message of old does not say how many are in it.</summary>
    private static int CountOf(StoredBatch batch, bool intact)
    {
        if (!batch.IsLegacy)
        {
            return batch.Header.RecordCount;
        }

        int count = 0;
        if (intact)
        {
            Visit(batch, (in RecordView _) => count++);
        }

        return count;
    }

    private delegate void RecordVisitor(in RecordView record);

    private static RecordFault Visit(StoredBatch header, RecordVisitor visitor)
    {
        using StoredRecords reader = header.Records();
        while (reader.MoveNext(out RecordView record))
        {
            visitor(record);
        }

        return reader.Fault;
    }

    /// <summary>Text as it is; bytes that are not text as hexadecimal digits, cut where a line would get too long.</summary>
    private static string Shown(RecordBytes bytes)
    {
        const int ShownMax = 200;
        if (bytes.IsNull)
        {
            return "null";
        }

        ReadOnlySpan<byte> span = bytes.Span[..Math.Min(bytes.Length, ShownMax)];
        bool isText = System.Text.Unicode.Utf8.IsValid(bytes.Span) && span.IndexOfAnyInRange((byte)0, (byte)8) < 0;
        string text = isText ? Encoding.UTF8.GetString(span).ReplaceLineEndings("\\n") : "0x" + Convert.ToHexStringLower(span);
        return bytes.Length > ShownMax ? text + "…" : text;
    }
}
