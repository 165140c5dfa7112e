using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Coordination;

/// <summary>A record of a coordinator's topic. No value removes what the key stands for.</summary>
/// <param name="ValueVersion">The version in which the value is written; nothing where there is no value.</param>
public readonly record struct CoordinatorRecord(ICoordinatorKey Key, ICoordinatorValue? Value, short ValueVersion)
{
    /// <summary>A record that removes what the key stands for.</summary>
    public static CoordinatorRecord Tombstone(ICoordinatorKey key) => new(key, null, 0);
}

/// <summary>A transactional producer in whose name records are written: they count when its transaction is committed.</summary>
public readonly record struct TransactionalWriter(ProducerId Id, short Epoch);

/// <summary>The time of an input: monotonic for deadlines, Unix time in milliseconds for what is written into records.</summary>
public readonly record struct ShardTime(TimeSpan Monotonic, long UnixMs);
