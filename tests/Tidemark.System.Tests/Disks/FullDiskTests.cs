using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Disks;

/// <summary>A directory whose disk is full goes offline, with everything that was acknowledged still on it; the broker stops with its last directory.</summary>
public class FullDiskTests
{
    private const int RecordBytes = 50_000;
    private const int DiskMegabytes = 24;
    private const int RecordsMax = DiskMegabytes * 1024 * 1024 / RecordBytes * 4;
    private const string Topic = "filling";

    [SmallDiskFact]
    public async Task A_full_directory_answers_storage_errors_the_other_goes_on_and_nothing_acknowledged_is_lost()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync(DiskMegabytes);
        string small = Path.Combine(disk.Path, "logs");
        string large = Path.Combine(Path.GetTempPath(), "tidemark-large-" + Guid.NewGuid().ToString("N")[..12]);
        try
        {
            await using RunningBroker broker = await RunningBroker.StartAsync($"log.dirs={large},{small}", $"metadata.log.dir={large}");
            Dictionary<int, long> acknowledged = [];
            HashSet<int> failed = [];
            using (RawConnection connection = await RawConnection.OpenAsync(broker.Port))
            {
                await CreateAsync(connection, partitions: 4);
                for (int i = 0; i < RecordsMax && failed.Count < 4; i++)
                {
                    await WriteAsync(connection, i % 4, acknowledged, failed);
                }

                Assert.NotEmpty(failed);
                Assert.True(failed.Count < 4, $"every partition failed, not only those on the full disk: {broker.Output}");
            }

            broker.Kill();
            await disk.GrowAsync(DiskMegabytes * 4);
            await broker.StartAgainAsync();
            await CheckAsync(broker, acknowledged);
        }
        finally
        {
            Directory.Delete(large, recursive: true);
        }
    }

    [SmallDiskFact]
    public async Task A_broker_without_a_directory_left_stops_and_nothing_acknowledged_is_lost()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync(DiskMegabytes);
        await using RunningBroker broker = await RunningBroker.StartAsync($"log.dirs={Path.Combine(disk.Path, "logs")}");
        Dictionary<int, long> acknowledged = [];
        HashSet<int> failed = [];
        using (RawConnection connection = await RawConnection.OpenAsync(broker.Port))
        {
            await CreateAsync(connection, partitions: 1);
            for (int i = 0; i < RecordsMax && failed.Count == 0; i++)
            {
                await WriteAsync(connection, 0, acknowledged, failed);
            }
        }

        await Eventually.HoldsAsync("the broker stops", TimeSpan.FromSeconds(30), () => !broker.IsRunning);
        await disk.GrowAsync(DiskMegabytes * 4);
        await broker.StartAgainAsync();
        await CheckAsync(broker, acknowledged);
    }

    private static async Task CreateAsync(RawConnection connection, int partitions)
    {
        CreateTopicsRequest request = new() { TimeoutMs = 10000 };
        request.Topics.Add(new() { Name = Topic, NumPartitions = partitions, ReplicationFactor = 1 });
        CreateTopicsResponse created = await connection.AskAsync<CreateTopicsResponse>(request, 5);
        Assert.Equal(ErrorCode.None, created.Topics.Single().ErrorCode);
    }

    /// <summary>Writes one record that no codec makes smaller, and notes the outcome. An end of the connection is a failure too: the broker may be stopping.</summary>
    private static async Task WriteAsync(RawConnection connection, int partition, Dictionary<int, long> acknowledged, HashSet<int> failed)
    {
        using RecordBatchBuilder builder = new();
        builder.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, new byte[RecordBytes]);
        ProduceResponse.PartitionProduceResponse? answer = await connection.TryProduceAsync(Topic, partition, builder.Build());
        if (answer is { ErrorCode: ErrorCode.None })
        {
            acknowledged[partition] = answer.BaseOffset + 1;
        }
        else
        {
            Assert.True(answer == null || answer.ErrorCode is ErrorCode.KafkaStorageError or ErrorCode.NotLeaderOrFollower, $"{answer?.ErrorCode}");
            failed.Add(partition);
        }
    }

    /// <summary>What was acknowledged is at or below each partition's end, and can be read.</summary>
    private static async Task CheckAsync(RunningBroker broker, Dictionary<int, long> acknowledged)
    {
        using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
        foreach ((int partition, long end) in acknowledged)
        {
            FetchRequest request = new() { MaxWaitMs = 0, MinBytes = 0, MaxBytes = int.MaxValue, ReplicaId = -1 };
            request.Topics.Add(new() { Topic = Topic, Partitions = [new() { Partition = partition, FetchOffset = end - 1, PartitionMaxBytes = int.MaxValue }] });
            FetchResponse response = await connection.AskAsync<FetchResponse>(request, 11);
            FetchResponse.PartitionData data = response.Responses.Single().Partitions.Single();
            Assert.Equal(ErrorCode.None, data.ErrorCode);
            Assert.True(data.HighWatermark >= end, $"partition {partition} ends at {data.HighWatermark}, acknowledged was {end}");
            Assert.NotEqual(0, data.Records?.Length ?? 0);
        }
    }
}
