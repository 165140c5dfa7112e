using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Broker.Tests.Quorum;

/// <summary>What happens to the metadata log's snapshots and voters at the same time, one step of one amid a step of the other.</summary>
public sealed class MetadataLogTests
{
    private const string Directory = "/data/__cluster_metadata-0";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly LogPosition s_early = new(new Offset(5), new LeaderEpoch(1));
    private static readonly LogPosition s_late = new(new Offset(9), new LeaderEpoch(2));

    private readonly InterruptedSnapshots _disk;
    private readonly MetadataLog _log;

    public MetadataLogTests()
    {
        var simulation = new Tidemark.Simulator.Simulation(1);
        _disk = new InterruptedSnapshots(simulation.Disk);
        var surroundings = new LogSurroundings(_disk, simulation.Time, new MetadataLogEvents(NullLogger.Instance), new OpenFileBudget());
        _log = MetadataLog.Open(surroundings, new QuorumOptions(1, QuorumWorld.ClusterId, "/data", Uuid.Zero, BrokerConfig.Parse([], out _), () => []));
    }

    /// <summary>Who reads a piece does not keep another from the list of snapshots while the disk is slow.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_snapshot_that_is_removed_while_it_is_read_is_read_whole_or_not_found(bool isOpen)
    {
        Install(s_early);
        byte[] whole = AtomicFile.Read(_disk, PathOf(s_early), int.MaxValue)!;
        bool isRemoved = false;
        _disk.Interrupt(PathOf(s_early), isOpen, () =>
        {
            var other = new Thread(() => Install(s_late)) { IsBackground = true };
            other.Start();
            isRemoved = other.Join(s_patience) && !_disk.FileExists(PathOf(s_early));
        });

        ReadOnlyMemory<byte>? piece = _log.ReadPiece(s_early, 0, int.MaxValue, out long size);

        Assert.True(isRemoved);
        Assert.Equal(isOpen ? whole.Length : -1, size);
        Assert.Equal(isOpen ? whole : null, piece?.ToArray());
        Assert.Null(_log.ReadPiece(s_early, 0, int.MaxValue, out size));
        Assert.Equal(-1, size);
    }

    [Fact]
    public void A_snapshot_that_is_finished_after_a_later_one_came_does_not_count_as_the_newest()
    {
        _disk.Interrupt(PathOf(s_early) + ".part", isOpen: false, () => Install(s_late));
        _log.WriteSnapshot(ImageAt(s_early), nowMs: 1);
        Assert.Equal((s_late, s_late), (_log.OldestSnapshot, _log.NewestSnapshot));
        Assert.False(_disk.FileExists(PathOf(s_early)));
    }

    /// <summary>The voters of that time are forgotten by then: it would have said that there are none.</summary>
    [Fact]
    public void A_snapshot_below_the_newest_is_not_even_begun()
    {
        bool isBegun = false;
        Install(s_late);
        _disk.Interrupt(PathOf(s_early) + ".part", isOpen: false, () => isBegun = true);
        _log.WriteSnapshot(ImageAt(s_early), nowMs: 1);
        Assert.False(isBegun);
    }

    [Fact]
    public void Voters_that_somebody_reads_stay_as_they_are_when_the_log_is_cut_or_begins_anew()
    {
        Install(s_early);
        VotersAt first = Assert.Single(_log.Voters);
        var second = new VotersAt(s_early.EndOffset, first.Voters);
        _log.Remember(second);
        IReadOnlyList<VotersAt> before = _log.Voters;

        _log.TruncateTo(s_early.EndOffset);
        Assert.Equal([first], _log.Voters);
        IReadOnlyList<VotersAt> afterCut = _log.Voters;
        Install(s_late);

        Assert.Equal([first, second], before);
        Assert.Equal([first], afterCut);
        Assert.Equal(s_late.EndOffset - 1, Assert.Single(_log.Voters).At);
    }

    private static string PathOf(LogPosition snapshot) => Path.Combine(Directory, new SnapshotId(snapshot.EndOffset, snapshot.Epoch).FileName);

    private static MetadataImage ImageAt(LogPosition end) => MetadataImage.Empty.Apply([], end.EndOffset - 1, end.Epoch, timestampMs: 1);

    /// <summary>A snapshot comes from the leader, in one piece.</summary>
    private void Install(LogPosition snapshot)
    {
        const string Copy = "/copy";
        SnapshotFile.Write(_disk, Copy, new Snapshot([], 1, 1, [new Voter(new ReplicaKey(new BrokerId(1), Uuid.Zero), [])]), snapshot.Epoch, nowMs: 1);
        _log.WritePiece(snapshot, 0, AtomicFile.Read(_disk, Copy, int.MaxValue)!);
        _log.Install(snapshot, nowMs: 1);
    }
}
