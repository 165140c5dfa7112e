using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Faults;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Disks;

/// <summary>
/// A disk that answers EIO from some moment on: its directory goes offline, the others go on, and nothing that was acknowledged is lost
/// once the disk is well again. A broker without a directory left stops.
/// </summary>
public sealed class FailingDiskTests : IDisposable
{
    private const int Partitions = 4;
    private const int RecordsBefore = 20;
    private const string Topic = "failing";
    private static readonly TimeSpan StopTimeMax = TimeSpan.FromSeconds(30);
    private readonly string _home = Directory.CreateTempSubdirectory("tidemark-failing-").FullName;

    private string Good => Path.Combine(_home, "good");

    private string Bad => Path.Combine(_home, "bad");

    private string Trigger => Path.Combine(_home, "fail-now");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [FaultTheory]
    [InlineData(FailingCalls.Write)]
    [InlineData(FailingCalls.Flush)]
    public async Task A_failing_directory_answers_storage_errors_the_other_goes_on_and_nothing_acknowledged_is_lost(FailingCalls calls)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(
            await FaultLibrary.FailingDiskAsync(Bad, Trigger, calls), $"log.dirs={Good},{Bad}", $"metadata.log.dir={Good}", "log.flush.interval.messages=1");
        long[] ends = new long[Partitions];
        using (RawConnection connection = await RawConnection.OpenAsync(broker.Port))
        {
            await CreateAsync(connection);
            await WriteToAllAsync(connection, ends);
            HashSet<int> failing = await PartitionsAsync(connection, Bad);
            Assert.InRange(failing.Count, 1, Partitions - 1);

            File.WriteAllText(Trigger, "");
            for (int partition = 0; partition < Partitions; partition++)
            {
                ErrorCode expected = failing.Contains(partition) ? ErrorCode.KafkaStorageError : ErrorCode.None;
                Assert.Equal(expected, await WriteAsync(connection, partition, ends));
            }

            await Eventually.HoldsAsync("the directory is offline", StopTimeMax, async () => (await DescribeAsync(connection, Bad)).ErrorCode == ErrorCode.KafkaStorageError);
            Assert.Equal(ErrorCode.None, (await DescribeAsync(connection, Good)).ErrorCode);
            foreach (int partition in Enumerable.Range(0, Partitions).Except(failing))
            {
                Assert.Equal(ErrorCode.None, await WriteAsync(connection, partition, ends));
            }

            Assert.All(failing, partition => Assert.Equal(RecordsBefore, ends[partition]));
        }

        broker.Kill();
        File.Delete(Trigger);
        await broker.StartAgainAsync();
        await CheckAsync(broker, ends);
    }

    [FaultTheory]
    [InlineData(FailingCalls.Write)]
    [InlineData(FailingCalls.Flush)]
    public async Task A_broker_without_a_directory_left_stops_with_exit_code_1_and_a_line_that_says_why(FailingCalls calls)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(await FaultLibrary.FailingDiskAsync(Bad, Trigger, calls), $"log.dirs={Bad}", "log.flush.interval.messages=1");
        long[] ends = new long[Partitions];
        using (RawConnection connection = await RawConnection.OpenAsync(broker.Port))
        {
            await CreateAsync(connection);
            await WriteToAllAsync(connection, ends);
            File.WriteAllText(Trigger, "");

            // The end of the connection is an answer too: the broker may be stopping already.
            Assert.True(await WriteAsync(connection, 0, ends) is ErrorCode.KafkaStorageError or null);
        }

        Assert.Equal(1, await broker.EndAsync(StopTimeMax));
        string line = Assert.Single(broker.Output.Split('\n'), line => line.StartsWith("tidemark: ", StringComparison.Ordinal));
        Assert.True(line.Contains("director") || line.Contains("metadata log"), line);
        File.Delete(Trigger);
        await broker.StartAgainAsync();
        await CheckAsync(broker, ends);
    }

    [FaultFact]
    public async Task A_broker_whose_metadata_log_cannot_be_written_stops_although_other_directories_work()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(
            await FaultLibrary.FailingDiskAsync(Bad, Trigger, FailingCalls.Flush), $"log.dirs={Good},{Bad}", $"metadata.log.dir={Bad}");
        long[] ends = new long[Partitions];
        using (RawConnection connection = await RawConnection.OpenAsync(broker.Port))
        {
            await CreateAsync(connection);
            await WriteToAllAsync(connection, ends);
            File.WriteAllText(Trigger, "");
            CreateTopicsRequest request = new() { TimeoutMs = 10000 };
            request.Topics.Add(new() { Name = "never", NumPartitions = 1, ReplicationFactor = 1 });
            CreateTopicsResponse? answer = await connection.TryAskAsync<CreateTopicsResponse>(request, 5);
            Assert.NotEqual(ErrorCode.None, answer?.Topics.Single().ErrorCode);
        }

        Assert.Equal(1, await broker.EndAsync(StopTimeMax));
        Assert.Contains("metadata log", Assert.Single(broker.Output.Split('\n'), line => line.StartsWith("tidemark: ", StringComparison.Ordinal)));
        File.Delete(Trigger);
        await broker.StartAgainAsync();
        await CheckAsync(broker, ends);
    }

    private static async Task CreateAsync(RawConnection connection)
    {
        CreateTopicsRequest request = new() { TimeoutMs = 10000 };
        request.Topics.Add(new() { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 });
        Assert.Equal(ErrorCode.None, (await connection.AskAsync<CreateTopicsResponse>(request, 5)).Topics.Single().ErrorCode);
    }

    private static async Task WriteToAllAsync(RawConnection connection, long[] ends)
    {
        for (int i = 0; i < RecordsBefore * Partitions; i++)
        {
            Assert.Equal(ErrorCode.None, await WriteAsync(connection, i % Partitions, ends));
        }
    }

    /// <summary>Writes one record and keeps the partition's end where it was acknowledged; null when the connection ended.</summary>
    private static async Task<ErrorCode?> WriteAsync(RawConnection connection, int partition, long[] ends)
    {
        using RecordBatchBuilder builder = new();
        builder.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), default, new byte[100]);
        ProduceResponse.PartitionProduceResponse? answer = await connection.TryProduceAsync(Topic, partition, builder.Build());
        if (answer is { ErrorCode: ErrorCode.None })
        {
            Assert.Equal(ends[partition], answer.BaseOffset);
            ends[partition]++;
        }

        return answer?.ErrorCode;
    }

    private static async Task<DescribeLogDirsResponse.DescribeLogDirsResult> DescribeAsync(RawConnection connection, string directory) =>
        (await connection.AskAsync<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 4)).Results.Single(result => result.LogDir == directory);

    private static async Task<HashSet<int>> PartitionsAsync(RawConnection connection, string directory) =>
        [.. (await DescribeAsync(connection, directory)).Topics.Where(topic => topic.Name == Topic).SelectMany(topic => topic.Partitions).Select(partition => partition.PartitionIndex)];

    /// <summary>All that was acknowledged can be read; of what failed nothing more than the one record that was not acknowledged may be there.</summary>
    private static async Task CheckAsync(RunningBroker broker, long[] ends)
    {
        using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
        for (int partition = 0; partition < Partitions; partition++)
        {
            FetchRequest request = new() { MaxWaitMs = 0, MinBytes = 0, MaxBytes = int.MaxValue, ReplicaId = -1 };
            request.Topics.Add(new() { Topic = Topic, Partitions = [new() { Partition = partition, FetchOffset = ends[partition] - 1, PartitionMaxBytes = int.MaxValue }] });
            FetchResponse.PartitionData data = (await connection.AskAsync<FetchResponse>(request, 11)).Responses.Single().Partitions.Single();
            Assert.Equal(ErrorCode.None, data.ErrorCode);
            Assert.InRange(data.HighWatermark, ends[partition], ends[partition] + 1);
            Assert.NotEqual(0, data.Records?.Length ?? 0);
        }
    }
}
