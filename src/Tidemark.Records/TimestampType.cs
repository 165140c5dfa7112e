namespace Tidemark.Records;

/// <summary>Who set the timestamps of a batch (KIP-32).</summary>
public enum TimestampType : byte
{
    /// <summary>The producer, for each record.</summary>
    CreateTime = 0,

    /// <summary>The leader; the batch's max timestamp then stands for all its records.</summary>
    LogAppendTime = 1,
}
