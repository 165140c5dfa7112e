using System.Globalization;
using System.Text;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Output;

/// <summary>Prints records, one a line: the value as it is, what else was asked for before it, or a JSON object.</summary>
internal sealed class RecordPrinter(bool json, bool key, bool headers, bool timestamps, bool offsets, string separator)
{
    public void Print(TopicPartition partition, in RecordView record)
    {
        if (json)
        {
            PrintJson(partition, record);
            return;
        }

        var line = new StringBuilder();
        if (timestamps)
        {
            line.Append(DateTimeOffset.FromUnixTimeMilliseconds(record.Timestamp).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Append(separator);
        }

        if (offsets)
        {
            line.Append(partition.Partition).Append(separator).Append(record.Offset).Append(separator);
        }

        if (headers)
        {
            bool more = false;
            foreach (RecordHeaderWalk header in record.Headers)
            {
                line.Append(more ? "," : "").Append(Encoding.UTF8.GetString(header.Key)).Append('=').Append(Encoding.UTF8.GetString(header.Value.Span));
                more = true;
            }

            line.Append(separator);
        }

        if (key)
        {
            line.Append(record.Key.IsNull ? "" : Encoding.UTF8.GetString(record.Key.Span)).Append(separator);
        }

        line.Append(Encoding.UTF8.GetString(record.Value.Span));
        Console.Out.WriteLine(line);
    }

    private static void PrintJson(TopicPartition partition, in RecordView record)
    {
        var all = new List<(string, byte[]?)>();
        foreach (RecordHeaderWalk header in record.Headers)
        {
            all.Add((Encoding.UTF8.GetString(header.Key), header.Value.ToArray()));
        }

        (long offset, long timestamp, byte[]? keyBytes, byte[]? value) = (record.Offset, record.Timestamp, record.Key.ToArray(), record.Value.ToArray());
        JsonOutput.WriteLine(writer => RecordJson.Write(writer, partition.Topic, partition.Partition, offset, timestamp, keyBytes, value, all));
    }
}
