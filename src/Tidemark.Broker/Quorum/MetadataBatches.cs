using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Records;

namespace Tidemark.Broker.Quorum;

/// <summary>Record batches of the metadata log and of its snapshots, in Kafka's format.</summary>
internal static class MetadataBatches
{
    /// <summary>One batch with all the records. The bytes belong to the builder.</summary>
    public static Memory<byte> Encode(RecordBatchBuilder builder, IReadOnlyList<MetadataRecord> records, Offset baseOffset, LeaderEpoch epoch, long nowMs)
    {
        builder.Reset(new RecordBatchOptions { BaseOffset = baseOffset, LeaderEpoch = epoch });
        using var writer = new WireWriter();
        foreach (MetadataRecord record in records)
        {
            writer.Reset();
            record.Write(writer);
            builder.Append(nowMs, RecordBytes.Null, writer.WrittenSpan);
        }

        return builder.Build();
    }

    /// <summary>One control batch with the messages.</summary>
    public static Memory<byte> EncodeControl(
        RecordBatchBuilder builder, IReadOnlyList<(ControlRecordType Type, IMessage Message, short Version)> messages, Offset baseOffset, LeaderEpoch epoch, long nowMs)
    {
        builder.Reset(new RecordBatchOptions { BaseOffset = baseOffset, LeaderEpoch = epoch, IsControl = true });
        using var writer = new WireWriter();
        foreach ((ControlRecordType type, IMessage message, short version) in messages)
        {
            writer.Reset();
            message.Write(writer, version);
            builder.AppendControl(type, nowMs, writer.WrittenSpan);
        }

        return builder.Build();
    }

    /// <summary>The record with which a leader opens its epoch. Kafka reads and writes it in version 0 whatever the quorum's version is.</summary>
    public static (ControlRecordType Type, IMessage Message, short Version) LeaderChange(AppendLeaderChange change) =>
        (ControlRecordType.LeaderChange, new LeaderChangeMessage
        {
            LeaderId = change.Leader.Node.Value,
            Voters = [.. change.Voters.Select(voter => new LeaderChangeMessage.Voter { VoterId = voter.Node.Value })],
            GrantingVoters = [.. change.GrantingVoters.Select(voter => new LeaderChangeMessage.Voter { VoterId = voter.Node.Value })],
        }, 0);

    /// <summary>The quorum's version and voters, where they are kept in the log.</summary>
    public static IEnumerable<(ControlRecordType Type, IMessage Message, short Version)> Membership(
        short kraftVersion, IReadOnlyList<Voter>? voters, bool withVersion = true)
    {
        if (kraftVersion > 0 && withVersion)
        {
            yield return (ControlRecordType.KRaftVersion, new KRaftVersionRecord { KRaftVersion = kraftVersion }, 0);
        }

        if (voters is not null)
        {
            yield return (ControlRecordType.KRaftVoters, SnapshotFile.RecordOf(voters), 0);
        }
    }

    /// <summary>Reads whole batches, one after the other.</summary>
    /// <exception cref="InvalidDataException">They are damaged.</exception>
    public static void Walk(ReadOnlySpan<byte> bytes, string source, IMetadataBatchVisitor visitor)
    {
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            if (!batch.CrcIsValid())
            {
                throw new InvalidDataException($"{source}: the batch at offset {batch.BaseOffset} has a wrong checksum");
            }

            using BatchPayload payload = BatchPayload.Open(batch);
            var reader = new RecordReader(batch, payload.Bytes);
            if (batch.IsControl)
            {
                while (reader.MoveNext(out RecordView record))
                {
                    if (ControlRecord.TryReadType(record.Key, out ControlRecordType type))
                    {
                        visitor.OnControl(type, record.Value.ToArray() ?? [], new Offset(record.Offset));
                    }
                }

                visitor.OnControlBatch(batch.LastOffset, batch.LeaderEpoch, batch.MaxTimestamp);
            }
            else
            {
                var records = new List<MetadataRecord>(batch.RecordCount);
                while (reader.MoveNext(out RecordView record))
                {
                    records.Add(MetadataRecord.Read(record.Value.ToArray()));
                }

                visitor.OnRecords(records, batch.LastOffset, batch.LeaderEpoch, batch.MaxTimestamp);
            }

            reader.ThrowIfFaulty();
        }

        if (walk.Fault != BatchFault.None)
        {
            throw new InvalidDataException($"{source}: {walk.Describe()}");
        }
    }
}

/// <summary>Gets what stands in batches of the metadata log.</summary>
internal interface IMetadataBatchVisitor
{
    /// <summary>One control record; its batch follows.</summary>
    void OnControl(ControlRecordType type, ReadOnlyMemory<byte> value, Offset offset);

    void OnControlBatch(Offset lastOffset, LeaderEpoch epoch, long timestampMs);

    void OnRecords(IReadOnlyList<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs);
}
