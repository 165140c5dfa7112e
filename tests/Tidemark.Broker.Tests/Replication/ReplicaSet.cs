using System.Buffers.Binary;
using System.Text;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Replication;
using Tidemark.Simulator;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>
/// The replicas of one partition as the broker has them, logs included, on one disk in memory. The test is the network and the controller:
/// it says who leads and carries each fetch.
/// </summary>
internal sealed class ReplicaSet : IBrokerStandings, IIsrChanges, IServingLease
{
    private readonly Simulator.Simulation _world = new(1);
    private readonly Dictionary<int, Partition> _replicas = [];
    private readonly IDisk _disk;
    private int _partitionEpoch;

    public ReplicaSet(params int[] brokers)
        : this(disk => disk, brokers)
    {
    }

    /// <param name="around">What the logs are given in place of the disk.</param>
    public ReplicaSet(Func<IDisk, IDisk> around, params int[] brokers)
    {
        _disk = around(_world.Disk);
        foreach (int broker in brokers)
        {
            Open(broker, Offset.Zero);
        }
    }

    /// <summary>The clock, the background and the rest of what these brokers share.</summary>
    public Simulator.Simulation World => _world;

    public Dictionary<int, BrokerStanding> Standing { get; } = [];

    public int MinInsyncReplicas { get; set; } = 1;

    /// <summary>What leaders proposed, oldest first.</summary>
    public List<IsrProposal> Proposals { get; } = [];

    /// <summary>False: every broker may have been replaced wherever it leads.</summary>
    public bool IsLeaseHeld { get; set; } = true;

    /// <summary>Runs once, the next time that a replica looks whether it may serve.</summary>
    public Action? WhenAskedToServe { get; set; }

    public Partition this[int broker] => _replicas[broker];

    public int Leader { get; private set; }

    public LeaderEpoch Epoch { get; private set; } = new(-1);

    /// <summary>The controller elects: who is told of it is the test's choice.</summary>
    public void Elect(int leader, int[] isr, params int[] told)
    {
        Leader = leader;
        Epoch = new LeaderEpoch(Epoch.Value + 1);
        _partitionEpoch++;
        foreach (int broker in told.Length == 0 ? [.. _replicas.Keys] : told)
        {
            Tell(broker, isr);
        }
    }

    /// <summary>Metadata with another in-sync set reaches the leader, in the same leadership.</summary>
    public void Shrink(params int[] isr)
    {
        _partitionEpoch++;
        Tell(Leader, isr);
    }

    /// <summary>Metadata of the last election reaches a broker.</summary>
    public void Tell(int broker, int[] isr)
    {
        if (broker == Leader)
        {
            _replicas[broker].Lead(new PartitionLeadership(
                Epoch, _partitionEpoch, [.. _replicas.Keys.Order().Select(id => new BrokerId(id))], [.. isr.Select(id => new BrokerId(id))]), Config);
        }
        else
        {
            _replicas[broker].Follow(new BrokerId(Leader), Epoch);
        }
    }

    /// <summary>The broker dies and comes back with its log and the high watermark that its checkpoint had.</summary>
    public void Restart(int broker, long checkpointedHighWatermark)
    {
        _replicas[broker].TakeLog()!.Close();
        Open(broker, new Offset(checkpointedHighWatermark));
    }

    /// <summary>The broker loses power, which turns bits in the leader epoch that the last batch names, and comes back.</summary>
    public void DamageEpoch(int broker, int epoch)
    {
        PartitionLog log = _replicas[broker].TakeLog()!;
        log.Close();
        using (IDiskFile file = _disk.OpenFile($"{log.Directory}/00000000000000000000.log", DiskOpen.Existing))
        {
            byte[] content = new byte[file.Length];
            file.Read(0, content);
            int last = 0;
            for (var walk = new BatchWalk(content); walk.MoveNext();)
            {
                last = walk.Position;
            }

            BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(last + 12), epoch);
            file.Write(0, content);
        }

        Open(broker, Offset.Zero);
    }

    /// <summary>The leader appends records with these values, a batch each.</summary>
    public void Write(int broker, params string[] values)
    {
        foreach (string value in values)
        {
            using var builder = new RecordBatchBuilder();
            builder.Append(1_767_225_600_000, default, Encoding.ASCII.GetBytes(value));
            Assert.Equal(ErrorCode.None, _replicas[broker].Append(builder.Build().ToArray(), -1, acksAll: false).Error);
        }
    }

    /// <summary>One fetch of a follower, asked and taken. Answers what the follower did.</summary>
    public FollowerAction Fetch(int broker) => Take(broker, Ask(broker));

    /// <summary>Asks and holds the answer back.</summary>
    public (PartitionFollower Role, FollowerAnswer Answer, byte[] Records) Ask(int broker)
    {
        FollowerPosition at = _replicas[broker].Position()!.Value;
        Partition leader = _replicas[at.Follower.Leader.Value];
        PartitionReadResult read = leader.Read(new PartitionRead(
            at.End, 1 << 20, true, false, at.Follower.Epoch, at.LastEpoch, new FollowerFetch(new BrokerId(broker), at.End, at.LastEpoch, at.LogStart, -1)));
        byte[] records = new byte[read.Bytes];
        read.Slice?.CopyTo(records);
        read.Slice?.Dispose();
        return (at.Follower, new FollowerAnswer(at.Follower.Epoch, at.End, read.Error, read.HighWatermark, read.LogStart, read.Diverging), records);
    }

    public FollowerAction Take(int broker, (PartitionFollower Role, FollowerAnswer Answer, byte[] Records) asked) =>
        _replicas[broker].TakeAnswer(asked.Role, asked.Answer, asked.Records);

    /// <summary>Fetches until nothing comes any more.</summary>
    public void CatchUp(int broker)
    {
        for (int i = 0; i < 100; i++)
        {
            Offset before = _replicas[broker].Log!.LogEndOffset;
            if (Fetch(broker) == FollowerAction.Append && _replicas[broker].Log!.LogEndOffset == before)
            {
                return;
            }
        }

        Assert.Fail($"Replica {broker} does not catch up");
    }

    /// <summary>The values in a replica's log, with the epoch that wrote each.</summary>
    public string Content(int broker)
    {
        PartitionLog log = _replicas[broker].Log!;
        var text = new StringBuilder();
        using LogSlice slice = log.Read(log.LogStart, 1 << 20, log.LogEndOffset, atLeastOneBatch: true);
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            var records = new RecordReader(walk.Current, walk.Current.Payload);
            while (records.MoveNext(out RecordView record))
            {
                text.Append(text.Length == 0 ? "" : " ").Append(Encoding.ASCII.GetString(record.Value.Span)).Append('@').Append(walk.Current.LeaderEpoch);
            }
        }

        return text.ToString();
    }

    BrokerStanding? IBrokerStandings.Find(BrokerId broker) =>
        Standing.TryGetValue(broker.Value, out BrokerStanding standing) ? standing : new BrokerStanding(1, false, false);

    bool IServingLease.IsHeld
    {
        get
        {
            Action? hook = WhenAskedToServe;
            WhenAskedToServe = null;
            hook?.Invoke();
            return IsLeaseHeld;
        }
    }

    private PartitionConfig Config => PartitionConfig.Default with { MinInsyncReplicas = MinInsyncReplicas };

    void IIsrChanges.Propose(Partition partition, IsrProposal proposal) => Proposals.Add(proposal);

    private void Open(int broker, Offset highWatermark)
    {
        var surroundings = new LogSurroundings(_disk, _world.Time, new Silent(), new OpenFileBudget());
        string directory = $"/broker-{broker}/t-0";
        _world.Disk.CreateDirectory(Path.GetDirectoryName(directory)!);
        _world.Disk.CreateDirectory(directory);
        PartitionLog log = PartitionLog.Open(surroundings, directory, new TopicPartition("t", 0), LogOptions.Default, Offset.Zero, Offset.Zero, cleanShutdown: false);
        var services = new PartitionServices(new BrokerId(broker), _world.Time, TimeSpan.FromSeconds(30), this, this, this);
        _replicas[broker] = new Partition(new TopicPartition("t", 0), Uuid.Zero, Config, log, highWatermark, services);
    }

    private sealed class Silent : IStorageEvents
    {
        public void Truncated(string file, long position, long bytesLost, string reason)
        {
        }

        public void Repaired(string file, string reason)
        {
        }

        public void Rolled(PartitionLog partition, Offset baseOffset)
        {
        }

        public void Failed(PartitionLog partition, Exception reason)
        {
        }

        public void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason)
        {
        }
    }
}
