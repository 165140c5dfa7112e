using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Raft.Roles;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Broker.Quorum;

public sealed partial class MetadataDriver
{
    /// <summary>Reads snapshot and log. Answers what they hold; nothing is published, and nobody elected.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is on the disk cannot be read.</exception>
    public MetadataImage Load()
    {
        var surroundings = new LogSurroundings(_environment.Disk, _environment.Time, new MetadataLogEvents(_log), new OpenFileBudget());
        _metadata = MetadataLog.Open(surroundings, _options, out _replay);
        MetadataImage loaded = _replay.ToImage();
        QuorumLog.Loaded(_log, _metadata.Log.LogEndOffset, loaded.Topics.Count, loaded.Version.Name);
        return loaded;
    }

    /// <summary>
    /// Reads snapshot and log where that was not done before, elects this node, writes the first records of a new cluster, and publishes the
    /// first image. Later images are published in order, one at a time, before the commands that led to them are answered.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is on the disk cannot be read.</exception>
    public void Start(Action<MetadataImage> publish)
    {
        _publish = publish;
        MetadataImage loaded = _metadata is null ? Load() : _replay.ToImage();
        var self = new ReplicaKey(new BrokerId(_options.NodeId), _options.DirectoryId);
        ElectionState known = ElectionStateFile.Read(_environment.Disk, _options.LogDirectory);
        _voter = new LoneVoter(self, known, loaded.LastEpoch, Metadata.Log.LogEndOffset);
        Run(_voter.Start());
        if (_replay.IsInTransaction)
        {
            // Whoever began it is gone, and with it the rest of the transaction.
            Append([new MetadataRecord(new AbortTransactionRecord { Reason = "The controller that began it is gone." }, 0)]);
        }

        ControllerContext context = Context(_replay.ToImage());
        if (context.Image.IsEmpty)
        {
            Append(WriteFirstRecords.Decide(context, ReadBootstrap()));
        }

        RegisterController();
        Flush();
        _committed = _replay.ToImage();
        QuorumLog.Leading(_log, _voter.Epoch, ((Leader)_voter.Role).EpochStart);
        StartSnapshots();
        publish(_committed);
    }

    private void Run(IReadOnlyList<QuorumEffect> effects)
    {
        foreach (QuorumEffect effect in effects)
        {
            switch (effect)
            {
                case PersistElectionState persist:
                    ElectionStateFile.Write(_environment.Disk, _options.LogDirectory, persist.State, Metadata.KRaftVersion, _options.NodeId);
                    Run(Voter.OnPersisted(persist.State));
                    break;
                case AppendLeaderChange change:
                    long now = NowMs;
                    Offset first = Metadata.Log.LogEndOffset;
                    List<(ControlRecordType, IMessage, short)> opening = [MetadataBatches.LeaderChange(change.Leader)];
                    if (first == Offset.Zero)
                    {
                        // Until now only the formatted directory knew who votes.
                        opening.AddRange(MetadataBatches.Membership(Metadata.KRaftVersion, Metadata.Voters));
                    }

                    Memory<byte> batch = MetadataBatches.EncodeControl(_builder, opening, first, change.Epoch, now);
                    Offset end = Metadata.Append(batch, change.Epoch);
                    Voter.OnAppended(end);
                    _replay.Pass(end - 1, change.Epoch, now);
                    break;
                case AdvanceCommit:
                    // What is committed is replayed already; the turn publishes it when all of it is.
                    break;
            }
        }
    }

    private void RegisterController()
    {
        ControllerContext context = Context(_replay.ToImage());
        if (!context.Version.HasControllerRegistration)
        {
            return;
        }

        var request = new ControllerRegistrationRequest
        {
            ControllerId = _options.NodeId,
            IncarnationId = NewId(),
            Listeners = [.. _options.ControllerEndpoints().Select(each => new ControllerRegistrationRequest.Listener
            {
                Name = each.ListenerName,
                Host = each.Host,
                Port = each.Port,
                SecurityProtocol = each.SecurityProtocol,
            })],
            Features = [.. FeatureTable.Supported.Select(each => new ControllerRegistrationRequest.Feature
            {
                Name = each.Key,
                MinSupportedVersion = each.Value.Lowest,
                MaxSupportedVersion = each.Value.Highest,
            })],
        };
        Append(Tidemark.Metadata.Commands.RegisterController.Decide(context, request).Records);
    }

    private IReadOnlyList<MetadataRecord> ReadBootstrap()
    {
        string path = Path.Combine(_options.Directory, MetadataFormat.BootstrapFileName);
        return _environment.Disk.FileExists(path) ? SnapshotFile.Read(_environment.Disk, path).Records : [];
    }
}
