using System.Text;
using Tidemark.Client.Producing;
using Tidemark.Records;

namespace Tidemark.Commands;

/// <summary>How a line becomes a record.</summary>
internal sealed record LineRecords(string Topic, string? KeySeparator, RecordHeader[] Headers, int? Partition, bool NullValues)
{
    /// <summary>Of a line that is wrong, as much as one recognises it by.</summary>
    private const int ShownMax = 100;

    public ProducerRecord Read(string line)
    {
        string? key = null;
        string value = line;
        if (KeySeparator is { Length: > 0 } separator)
        {
            int at = line.IndexOf(separator, StringComparison.Ordinal);
            if (at < 0)
            {
                throw new CommandException(ExitCode.Failed, $"a line without the key separator {separator}: {(line.Length > ShownMax ? $"{line[..ShownMax]}…" : line)}");
            }

            (key, value) = (line[..at], line[(at + separator.Length)..]);
        }

        return new ProducerRecord(Topic, key is null ? null : Encoding.UTF8.GetBytes(key), NullValues && value.Length == 0 ? null : Encoding.UTF8.GetBytes(value))
        {
            Partition = Partition,
            Headers = Headers.Length == 0 ? null : Headers,
        };
    }
}
