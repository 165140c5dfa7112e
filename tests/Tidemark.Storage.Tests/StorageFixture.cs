using System.Text;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Tests;

/// <summary>A log on a disk in memory and on virtual time, and short ways to fill and read it.</summary>
internal sealed class StorageFixture
{
    public const string Directory = "/data/t-0";
    public static readonly TopicPartition Partition = new("t", 0);

    public StorageFixture(ulong seed = 1)
    {
        Disk = new MemoryDisk(new SeededRandom(seed)) { NowMs = () => NowMs };
        Disk.CreateDirectory("/data");
        Disk.SyncDirectory("/");
    }

    public MemoryDisk Disk { get; }

    public VirtualTime Time { get; } = new();

    public RecordedEvents Events { get; } = new();

    public OpenFileBudget Files { get; init; } = new(64);

    public LogSurroundings Surroundings => new(Disk, Time, Events, Files);

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>For a client's transactional batches where verification is not what is tested.</summary>
    public static readonly AppendTerms Verified = new(AppendOrigin.Client, VerificationGuard.NotNeeded);

    public static readonly LogOptions SmallSegments = LogOptions.Default with { SegmentBytes = 1000, IndexIntervalBytes = 100 };

    public PartitionLog Open(LogOptions? options = null, bool clean = true, long recoveryPoint = 0, long logStart = 0) =>
        PartitionLog.Open(
            Surroundings, Directory, Partition, options ?? SmallSegments, new Offset(recoveryPoint), new Offset(logStart), clean);

    /// <summary>A batch with one record a value; "key=value" gives keys, "key=" a tombstone.</summary>
    public byte[] Batch(string[] records, RecordBatchOptions? options = null, long? timestamp = null)
    {
        using var builder = new RecordBatchBuilder(options ?? RecordBatchOptions.Default);
        foreach (string record in records)
        {
            int equals = record.IndexOf('=', StringComparison.Ordinal);
            byte[]? key = equals < 0 ? null : Encoding.UTF8.GetBytes(record[..equals]);
            byte[]? value = equals >= 0 && equals == record.Length - 1 ? null : Encoding.UTF8.GetBytes(record[(equals + 1)..]);
            builder.Append(timestamp ?? NowMs, key, value);
        }

        return builder.Build().ToArray();
    }

    public byte[] Batch(params string[] records) => Batch(records, null);

    public byte[] ProducerBatch(long producerId, short epoch, int sequence, int count = 1, bool transactional = false, string prefix = "p") =>
        Batch(
            [.. Enumerable.Range(0, count).Select(i => $"{prefix}{sequence + i}={i}")],
            RecordBatchOptions.Default with
            {
                ProducerId = new ProducerId(producerId),
                ProducerEpoch = epoch,
                BaseSequence = sequence,
                IsTransactional = transactional,
            });

    public byte[] Marker(long producerId, short epoch, bool commit, int coordinatorEpoch = 0)
    {
        using var builder = new RecordBatchBuilder(ControlRecord.MarkerOptions(new ProducerId(producerId), epoch));
        builder.AppendMarker(commit, NowMs, coordinatorEpoch);
        return builder.Build().ToArray();
    }

    /// <summary>All records from an offset on, as "offset:key=value"; control batches as "offset:control".</summary>
    public static List<string> ReadAll(PartitionLog log, long from = -1, long upper = long.MaxValue)
    {
        var found = new List<string>();
        long next = from < 0 ? log.LogStart.Value : from;
        while (next < Math.Min(upper, log.LogEndOffset.Value))
        {
            using LogSlice slice = log.Read(new Offset(next), 64 * 1024, new Offset(upper), atLeastOneBatch: true);
            Assert.Equal(ErrorCode.None, slice.Error);
            if (slice.IsEmpty)
            {
                break;
            }

            byte[] bytes = new byte[slice.Length];
            Assert.Equal(slice.Length, slice.CopyTo(bytes));
            ReadOnlySpan<byte> rest = bytes;
            for (; StoredBatch.TryTake(rest, out StoredBatch batch); rest = rest[(int)batch.SizeInBytes..])
            {
                AddRecords(batch, next, found);
                next = batch.LastOffset.Value + 1;
            }
        }

        return found;
    }

    private static void AddRecords(StoredBatch batch, long from, List<string> found)
    {
        Assert.True(batch.CrcIsValid());
        using StoredRecords reader = batch.Records();
        while (reader.MoveNext(out RecordView record))
        {
            if (record.Offset >= from)
            {
                found.Add(batch.IsControl
                    ? $"{record.Offset}:control"
                    : $"{record.Offset}:{(record.Key.IsNull ? "" : Encoding.UTF8.GetString(record.Key.Span) + "=")}{Encoding.UTF8.GetString(record.Value.Span)}");
            }
        }
    }

    public byte[] ReadFile(string name)
    {
        using IDiskFile file = Disk.OpenFile($"{Directory}/{name}", DiskOpen.Existing);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        return bytes;
    }

    public void WriteFile(string name, ReadOnlySpan<byte> bytes)
    {
        using IDiskFile file = Disk.OpenFile($"{Directory}/{name}", DiskOpen.Create);
        file.Write(0, bytes);
    }

    public IEnumerable<string> FileNames => Disk.List(Directory).Select(entry => entry.Name);
}

/// <summary>Keeps what the storage told.</summary>
internal sealed class RecordedEvents : IStorageEvents
{
    public List<string> Truncations { get; } = [];

    public List<string> Repairs { get; } = [];

    public List<string> FailedDirectories { get; } = [];

    public int Rolls { get; private set; }

    public void Truncated(string file, long position, long bytesLost, string reason) => Truncations.Add($"{Path.GetFileName(file)}@{position}-{bytesLost}: {reason}");

    public void Repaired(string file, string reason) => Repairs.Add($"{Path.GetFileName(file)}: {reason}");

    public void Rolled(PartitionLog log, Offset baseOffset) => Rolls++;

    public void Failed(PartitionLog log, Exception reason)
    {
    }

    public void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason) => FailedDirectories.Add(directory.Path);
}
