using System.CommandLine;
using System.Diagnostics;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Commands.Perf;

/// <summary><c>tidemark perf consume</c></summary>
internal static class PerfConsumeCommand
{
    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic to read." };
        var records = new Option<long?>("--records") { Description = "End after so many, wait for them where they are not there yet; by default end at the end of the topic.", HelpName = "N" }.From(1);
        var decode = new Option<bool>("--batches-only") { Description = "Count batches by their headers and decode no record." };
        var command = new ExampledCommand("consume", "Read a topic from its beginning as fast as the cluster gives it.", "tidemark perf consume load", "tidemark perf consume load --records 1000000 --json")
        {
            topic,
            records,
            decode,
        };
        ClusterOptions.Attach(command, async call =>
        {
            TopicInfo info = await call.Cluster.TopicAsync(call.Get(topic), cancellation: call.Cancellation);
            TopicPartition[] partitions = [.. info.Partitions.Select(p => new TopicPartition(info.Name, p.Partition))];
            var consumer = new Consumer(call.Cluster, new ConsumerOptions { PartitionMaxBytes = 8 << 20 });
            foreach ((TopicPartition partition, long offset) in await LookUpAsync(call, partitions, OffsetSpec.Earliest))
            {
                consumer.Assign(partition, offset);
            }

            Dictionary<TopicPartition, long> ends = await LookUpAsync(call, partitions, OffsetSpec.Latest);
            long wanted = call.Get(records) ?? partitions.Sum(p => ends[p] - consumer.Positions[p]);
            long seen = 0, bytes = 0;
            long began = Stopwatch.GetTimestamp();
            await PerfReport.ShowAsync("consume", call.Json, () => (wanted == 0 ? 1 : Math.Min(1, Interlocked.Read(ref seen) / (double)wanted), $"{Interlocked.Read(ref seen):N0} records"), async () =>
            {
                while (seen < wanted && consumer.IsReading)
                {
                    using FetchedRecords fetched = await consumer.FetchAsync(call.Cancellation);
                    bytes += fetched.BatchBytes;
                    Interlocked.Add(ref seen, call.Get(decode) ? CountBatches(fetched) : CountRecords(fetched));
                    foreach (FetchedPartition partition in fetched.Partitions.Where(p => call.Get(records) is null && p.Next >= ends[p.Partition]))
                    {
                        consumer.Unassign(partition.Partition);
                    }
                }
            });
            PerfReport.Write(call.Json, seen, bytes, Stopwatch.GetElapsedTime(began), null);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<Dictionary<TopicPartition, long>> LookUpAsync(ClusterCall call, IEnumerable<TopicPartition> partitions, OffsetSpec spec)
    {
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> found = await call.Cluster.ListOffsetsAsync(partitions.Select(p => KeyValuePair.Create(p, spec)), call.Cancellation);
        foreach ((TopicPartition partition, OffsetAnswer answer) in found)
        {
            ClusterCall.Require(answer.Error, $"Looking up an offset of {partition}", null);
        }

        return found.ToDictionary(each => each.Key, each => each.Value.Offset);
    }

    private static long CountRecords(FetchedRecords fetched)
    {
        long count = 0;
        fetched.ForEach((TopicPartition _, in RecordView _) => count++);
        return count;
    }

    private static long CountBatches(FetchedRecords fetched)
    {
        long count = 0;
        foreach (FetchedPartition partition in fetched.Partitions)
        {
            ReadOnlySpan<byte> rest = partition.Batches.Span;
            for (; StoredBatch.TryTake(rest, out StoredBatch batch); rest = rest[(int)batch.SizeInBytes..])
            {
                count += batch.IsLegacy ? 1 : batch.Header.RecordCount;
            }
        }

        return count;
    }
}
