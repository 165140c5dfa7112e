using Tidemark.Primitives;

namespace Tidemark.Coordination;

/// <summary>Something that a shard wants done, in the order of its effects. Other kinds than these are for the driver of one kind of shard.</summary>
public abstract record ShardEffect;

/// <summary>Append a record, which the shard has replayed already.</summary>
/// <param name="Writer">The transaction it belongs to, if any.</param>
public sealed record WriteRecord(CoordinatorRecord Record, TransactionalWriter? Writer) : ShardEffect;

/// <summary>Append the end of a transaction, which the shard has replayed already.</summary>
/// <param name="CoordinatorEpoch">The epoch of the transaction's coordinator.</param>
/// <param name="Version">The version of the transaction, which says how its marker is checked (KIP-1228).</param>
public sealed record WriteMarker(TransactionalWriter Writer, int CoordinatorEpoch, bool Commit, short Version) : ShardEffect;

/// <summary>Give a request its response.</summary>
/// <param name="Ticket">The number with which the request came.</param>
/// <param name="AtOnce">True when it tells of nothing that is not committed; otherwise it leaves when all that was written before it is.</param>
public sealed record Answer(long Ticket, object Response, bool AtOnce) : ShardEffect;

/// <summary>Tell the shard, by <see cref="CoordinatorShard.OnWritten"/>, when all that was written before is committed, or failed.</summary>
public sealed record AwaitWritten(object Token) : ShardEffect;

/// <summary>Say in the log why something happened.</summary>
public sealed record Note(string Sentence) : ShardEffect;
