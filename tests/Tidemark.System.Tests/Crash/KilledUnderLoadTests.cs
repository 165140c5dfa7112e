using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;
using Xunit.Abstractions;

namespace Tidemark.System.Tests.Crash;

/// <summary>
/// kill -9 at random moments under load, and now and then while the broker is still starting. TIDEMARK_CRASH_ROUNDS says how many
/// (a few by default), TIDEMARK_CRASH_SEED repeats the moments of a run, as far as another process can be made to repeat itself.
/// </summary>
public class KilledUnderLoadTests(ITestOutputHelper output)
{
    private const int Partitions = 3;
    private static readonly TimeSpan AckTimeMax = TimeSpan.FromSeconds(120);

    [ClientFact("Confluent.Kafka")]
    public async Task Every_acknowledged_record_is_there_and_once_for_an_idempotent_producer()
    {
        int rounds = Number("TIDEMARK_CRASH_ROUNDS") ?? 8;
        int seed = Number("TIDEMARK_CRASH_SEED") ?? Environment.TickCount;
        string rerun = $"TIDEMARK_CRASH_SEED={seed} TIDEMARK_CRASH_ROUNDS={rounds}";
        output.WriteLine(rerun);
        Random random = new(seed);
        await using RunningBroker broker = await RunningBroker.StartAsync($"num.partitions={Partitions}", "log.segment.bytes=1048576", "log.flush.offset.checkpoint.interval.ms=1000");
        using SteadyProducer once = new(broker.Bootstrap, "crash-idempotent", Partitions, idempotent: true);
        using SteadyProducer plain = new(broker.Bootstrap, "crash-plain", Partitions, idempotent: false);
        using CancellationTokenSource stop = new();
        Task load = Task.WhenAll(once.RunAsync(stop.Token), plain.RunAsync(stop.Token));
        for (int round = 0; round < rounds; round++)
        {
            SteadyProducer watched = round % 2 == 0 ? once : plain;
            await watched.AckedMoreAsync(random.Next(1, 4000), AckTimeMax);
            output.WriteLine($"round {round}: {once.Acked.Count} and {plain.Acked.Count} acknowledged");
            broker.Kill();
            if (random.Next(4) == 0)
            {
                broker.Launch();
                using PeriodicTimer moment = new(TimeSpan.FromMilliseconds(random.Next(1, 300)));
                await moment.WaitForNextTickAsync();
                broker.Kill();
            }

            await broker.StartAgainAsync();
        }

        await Task.WhenAll(once.AckedMoreAsync(100, AckTimeMax), plain.AckedMoreAsync(100, AckTimeMax));
        stop.Cancel();
        await load;

        foreach (SteadyProducer producer in new[] { once, plain })
        {
            Assert.True(producer.Errors.Count == 0, $"{rerun}: {producer.Topic}: {string.Join("; ", producer.Errors.Take(3))}");
            Dictionary<(int Partition, long Offset), string> there = WholeTopic.Read(broker.Bootstrap, producer.Topic, Partitions);
            HashSet<string> values = [.. there.Values];
            string[] lost = producer.Acked
                .Where(acked => acked.Offset >= 0 ? there.GetValueOrDefault((acked.Partition, acked.Offset)) != acked.Value : !values.Contains(acked.Value))
                .Select(acked => $"{acked.Partition}@{acked.Offset} {acked.Value.Split(':')[0]}")
                .ToArray();
            Assert.True(lost.Length == 0, $"{rerun}: {producer.Topic}: {lost.Length} of {producer.Acked.Count} acknowledged records are lost or changed: {string.Join(", ", lost.Take(5))}");
            output.WriteLine($"{producer.Topic}: {producer.Acked.Count} acknowledged, {there.Count} there");
        }

        Dictionary<(int Partition, long Offset), string> exactly = WholeTopic.Read(broker.Bootstrap, once.Topic, Partitions);
        string[] twice = exactly.GroupBy(record => record.Value).Where(group => group.Count() > 1).Select(group => group.Key.Split(':')[0]).ToArray();
        Assert.True(twice.Length == 0, $"{rerun}: {twice.Length} records of an idempotent producer are there more than once: {string.Join(", ", twice.Take(5))}");
        Assert.All(exactly.GroupBy(record => record.Key.Partition), InOrder);
    }

    private static void InOrder(IGrouping<int, KeyValuePair<(int Partition, long Offset), string>> partition)
    {
        int[] numbers = partition.OrderBy(record => record.Key.Offset).Select(record => int.Parse(record.Value.Split(':')[0])).ToArray();
        Assert.Equal(numbers.Order(), numbers);
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : null;
}
