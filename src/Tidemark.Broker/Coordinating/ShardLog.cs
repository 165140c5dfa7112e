using Microsoft.Extensions.Logging;

namespace Tidemark.Broker.Coordinating;

/// <summary>What is logged of coordinators. Event ids 1600–1699.</summary>
internal static partial class ShardLog
{
    [LoggerMessage(1600, LogLevel.Information, "Coordinator {Partition}: {Records} records read in {Milliseconds} ms, leader epoch {Epoch}")]
    public static partial void Loaded(ILogger log, string partition, long records, long milliseconds, int epoch);

    [LoggerMessage(1601, LogLevel.Warning, "Coordinator {Partition}: what it wrote was not appended ({Error}) and is undone")]
    public static partial void Undone(ILogger log, string partition, string error);

    [LoggerMessage(1602, LogLevel.Warning, "Coordinator {Partition}: it is not known whether what it wrote will be kept ({Error}); its partition is read again")]
    public static partial void Uncertain(ILogger log, string partition, string error);

    [LoggerMessage(1603, LogLevel.Error, "Coordinator {Partition}: a request failed")]
    public static partial void RequestFailed(ILogger log, string partition, Exception e);

    [LoggerMessage(1604, LogLevel.Warning, "Coordinator {Partition}: its partition cannot be read; it is tried again")]
    public static partial void LoadFailed(ILogger log, string partition, Exception e);

    [LoggerMessage(1605, LogLevel.Warning, "Coordinator {Partition}: the record at offset {Offset} is of a kind that is not known here ({Reason}) and is passed over")]
    public static partial void RecordUnknown(ILogger log, string partition, long offset, string reason);

    [LoggerMessage(1606, LogLevel.Information, "{Sentence}")]
    public static partial void Said(ILogger log, string sentence);

    [LoggerMessage(1607, LogLevel.Warning, "Coordinator {Partition}: the transaction of {Id} was open for too long and stays so until the next look, as no producer id is to be had ({Reason})")]
    public static partial void StaysOpen(ILogger log, string partition, string id, string reason, Exception? e);
}
