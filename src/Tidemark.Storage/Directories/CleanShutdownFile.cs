using System.Globalization;
using System.Text;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Directories;

/// <summary>
/// <c>.kafka_cleanshutdown</c>: the directory was left in good order, by a broker of this epoch. It is removed before anything is
/// loaded, so that a crash while loading is not taken for a clean stop (KAFKA-10471).
/// </summary>
internal static class CleanShutdownFile
{
    public const string FileName = ".kafka_cleanshutdown";

    /// <summary>What a file without a broker epoch stands for, as brokers before Kafka 3.8 wrote it.</summary>
    public const long UnknownEpoch = -1;

    public static void Write(IDisk disk, string directory, long brokerEpoch)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{{\"version\":0,\"brokerEpoch\":{brokerEpoch}}}");
        AtomicFile.Write(disk, Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Answers whether the file was there and what epoch it told, and removes it.</summary>
    public static bool Take(IDisk disk, string directory, out long brokerEpoch)
    {
        brokerEpoch = UnknownEpoch;
        string path = Path.Combine(directory, FileName);
        if (AtomicFile.Read(disk, path, bytesMax: 4096) is not { } content)
        {
            return false;
        }

        brokerEpoch = EpochIn(Encoding.UTF8.GetString(content));
        disk.DeleteFile(path);
        disk.SyncDirectory(directory);
        return true;
    }

    private static long EpochIn(string text)
    {
        const string Field = "\"brokerEpoch\"";
        int at = text.IndexOf(Field, StringComparison.Ordinal);
        if (at < 0)
        {
            return UnknownEpoch;
        }

        string number = text[(at + Field.Length)..].TrimStart().TrimStart(':').Trim();
        int end = 0;
        while (end < number.Length && (char.IsAsciiDigit(number[end]) || (end == 0 && number[end] == '-')))
        {
            end++;
        }

        return long.TryParse(number[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long epoch) ? epoch : UnknownEpoch;
    }
}
