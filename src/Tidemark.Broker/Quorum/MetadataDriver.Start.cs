using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Broker.Quorum;

public sealed partial class MetadataDriver
{
    /// <summary>What was read, until the quorum begins.</summary>
    private MetadataImage? _loaded;

    /// <summary>
    /// Reads snapshot and log. Answers what they hold, committed or not; nothing is published, and nobody elected. They are read once: whoever
    /// asks again, or while somebody else reads, gets what was found then.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is on the disk cannot be read.</exception>
    public MetadataImage Load()
    {
        lock (_turnLock)
        {
            return _loaded ??= Read();
        }
    }

    private MetadataImage Read()
    {
        var surroundings = new LogSurroundings(_environment.Disk, _environment.Time, new MetadataLogEvents(_log), new OpenFileBudget());
        _metadata = MetadataLog.Open(surroundings, _options);
        _committed = _metadata.ReadSnapshot();
        _committedEnd = _metadata.SnapshotEnd;
        _replay = new MetadataReplay(_committed);
        _replayedTo = _metadata.Replay(_replay, Offset.Max(_committedEnd, _metadata.Log.LogStart), _metadata.Log.LogEndOffset);
        MetadataImage loaded = _replay.ToImage();
        if (_metadata.Log.LogEndOffset > Offset.Zero)
        {
            QuorumLog.Loaded(_log, _metadata.Log.LogEndOffset, loaded.Topics.Count, loaded.Version.Name);
        }
        else
        {
            QuorumLog.Begins(_log);
        }

        return loaded;
    }

    /// <summary>
    /// Reads snapshot and log where that was not done before, and begins to take part in the quorum. A quorum of one has elected itself and
    /// published the first image when this returns; in a larger one that comes when this node has all that its leader had. Images are
    /// published in order, one at a time, before the commands that led to them are answered.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is on the disk cannot be read.</exception>
    public void Start(Action<MetadataImage> publish)
    {
        _publish = publish;
        Load();

        // Nobody asks again, and what is in force from now on comes from the log.
        _loaded = null;
        byte[] seed = new byte[sizeof(ulong)];
        _environment.FillRandom(seed);
        var options = new QuorumMemberOptions
        {
            Self = new ReplicaKey(new BrokerId(_options.NodeId), _options.DirectoryId),
            Endpoints = _options.IsController ? [.. _options.ControllerEndpoints().Select(at => new VoterEndpoint(at.ListenerName, at.Host, at.Port))] : [],
            CanBecomeVoter = _options.IsController,
            AutoJoin = _options.IsController && _options.Config.GetBoolean("controller.quorum.auto.join.enable"),
            HasBootstrapServers = _options.BootstrapServers.Count > 0,
            ListenerName = _options.ControllerListenerName,
            Timeouts = _options.Timeouts,
            Seed = BitConverter.ToUInt64(seed),
        };
        IReadOnlyList<VotersAt> voters = Metadata.Voters.Count > 0 ? Metadata.Voters : [new VotersAt(Offset.Unknown, _options.FixedVoters())];
        _grewAt = Now;
        ElectionState known = ElectionStateFile.Read(_environment.Disk, _options.LogDirectory);
        StartSnapshots();
        lock (_turnLock)
        {
            _member = new QuorumMember(options, Metadata, known, voters, Now);
            _member.Start(Now);
            Finish();
        }

        RunAfterTurn();
    }

    private IReadOnlyList<MetadataRecord> ReadBootstrap()
    {
        string path = Path.Combine(_options.Directory, MetadataFormat.BootstrapFileName);
        return _environment.Disk.FileExists(path) ? SnapshotFile.Read(_environment.Disk, path).Records : [];
    }
}
