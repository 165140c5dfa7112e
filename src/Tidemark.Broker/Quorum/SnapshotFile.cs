using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Records;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Quorum;

/// <summary>What a snapshot holds.</summary>
/// <param name="Voters">Null when the voters are fixed by the property file.</param>
internal sealed record Snapshot(
    IReadOnlyList<MetadataRecord> Records, long LastTimestampMs, short KRaftVersion, IReadOnlyList<Voter>? Voters);

/// <summary>
/// A checkpoint file: a control batch with the header (and, from quorum version 1 on, the version and the voters), the records, a control
/// batch with the footer (KIP-630). Offsets count from 0 in the file; a file without a footer was never finished.
/// </summary>
internal static class SnapshotFile
{
    /// <summary>Batches of about this size keep readers' buffers small.</summary>
    private const int RecordsPerBatch = 4096;

    /// <exception cref="IOException">The disk failed.</exception>
    public static void Write(IDisk disk, string path, Snapshot snapshot, LeaderEpoch epoch, long nowMs)
    {
        string partial = path + ".part";
        using (IDiskFile file = disk.OpenFile(partial, DiskOpen.Create))
        using (var builder = new RecordBatchBuilder())
        {
            long position = 0;
            long offset = 0;
            Put(MetadataBatches.EncodeControl(builder, Head(snapshot), new Offset(offset), epoch, nowMs), Head(snapshot).Count);
            foreach (MetadataRecord[] records in snapshot.Records.Chunk(RecordsPerBatch))
            {
                Put(MetadataBatches.Encode(builder, records, new Offset(offset), epoch, nowMs), records.Length);
            }

            (ControlRecordType, IMessage, short) footer = (ControlRecordType.SnapshotFooter, new SnapshotFooterRecord(), 0);
            Put(MetadataBatches.EncodeControl(builder, [footer], new Offset(offset), epoch, nowMs), 1);
            file.Flush();

            void Put(Memory<byte> batch, int count)
            {
                file.Write(position, batch.Span);
                position += batch.Length;
                offset += count;
            }
        }

        disk.Rename(partial, path);
        disk.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or was never finished.</exception>
    public static Snapshot Read(IDisk disk, string path)
    {
        byte[] content = AtomicFile.Read(disk, path, bytesMax: int.MaxValue) ?? throw new InvalidDataException($"{path} is gone");
        var visitor = new Visitor();
        MetadataBatches.Walk(content, path, visitor);
        return visitor.IsComplete
            ? new Snapshot(visitor.Records, visitor.LastTimestampMs, visitor.KRaftVersion, visitor.Voters)
            : throw new InvalidDataException($"{path} has no footer: it was never finished");
    }

    /// <summary>Voters as the log's record names them.</summary>
    public static IReadOnlyList<Voter> VotersOf(VotersRecord record) =>
        [.. record.Voters.Select(each => new Voter(
            new ReplicaKey(new BrokerId(each.VoterId), each.VoterDirectoryId),
            [.. each.Endpoints.Select(endpoint => new VoterEndpoint(endpoint.Name, endpoint.Host, endpoint.Port))],
            each.KRaftVersionFeature.MinSupportedVersion,
            each.KRaftVersionFeature.MaxSupportedVersion))];

    private static List<(ControlRecordType Type, IMessage Message, short Version)> Head(Snapshot snapshot) =>
    [
        (ControlRecordType.SnapshotHeader, new SnapshotHeaderRecord { LastContainedLogTimestamp = snapshot.LastTimestampMs }, 0),
        .. MetadataBatches.Membership(snapshot.KRaftVersion, snapshot.Voters),
    ];

    /// <summary>The log's record that names voters.</summary>
    public static VotersRecord RecordOf(IReadOnlyList<Voter> voters) => new()
    {
        Voters = [.. voters.Select(voter => new VotersRecord.Voter
        {
            VoterId = voter.Key.Node.Value,
            VoterDirectoryId = voter.Key.Directory,
            Endpoints = [.. voter.Endpoints.Select(endpoint => new VotersRecord.Endpoint
            {
                Name = endpoint.ListenerName,
                Host = endpoint.Host,
                Port = endpoint.Port,
            })],
            KRaftVersionFeature = new VotersRecord.KRaftVersionFeature
            {
                MinSupportedVersion = voter.KRaftVersionLowest,
                MaxSupportedVersion = voter.KRaftVersionHighest,
            },
        })],
    };

    private sealed class Visitor : IMetadataBatchVisitor
    {
        public List<MetadataRecord> Records { get; } = [];

        public long LastTimestampMs { get; private set; }

        public short KRaftVersion { get; private set; }

        public IReadOnlyList<Voter>? Voters { get; private set; }

        public bool IsComplete { get; private set; }

        public void OnControl(ControlRecordType type, ReadOnlyMemory<byte> value, Offset offset)
        {
            var reader = new WireReader(value);
            switch (type)
            {
                case ControlRecordType.SnapshotHeader:
                    LastTimestampMs = SnapshotHeaderRecord.Read(ref reader, 0).LastContainedLogTimestamp;
                    break;
                case ControlRecordType.KRaftVersion:
                    KRaftVersion = KRaftVersionRecord.Read(ref reader, 0).KRaftVersion;
                    break;
                case ControlRecordType.KRaftVoters:
                    Voters = VotersOf(VotersRecord.Read(ref reader, 0));
                    break;
                case ControlRecordType.SnapshotFooter:
                    IsComplete = true;
                    break;
                default:
                    break;
            }
        }

        public void OnControlBatch(Offset lastOffset, LeaderEpoch epoch, long timestampMs)
        {
        }

        public void OnRecords(IReadOnlyList<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs) => Records.AddRange(records);
    }
}
