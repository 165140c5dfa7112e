using Confluent.Kafka;
using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;
using Xunit.Abstractions;

namespace Tidemark.System.Tests.Crash;

/// <summary>
/// Two workers copy a topic on three nodes, each record in a transaction with the offset of its original, while workers and nodes are killed with kill -9 at
/// random moments. TIDEMARK_COPY_SEED repeats the moments of a run, as far as other processes can be made to repeat themselves; TIDEMARK_COPY_ROUNDS says
/// how many there are.
/// </summary>
public class CopyJobTests(ITestOutputHelper output)
{
    private const int Partitions = 4;
    private const int RecordsAPartition = 1250;
    private const int Records = Partitions * RecordsAPartition;
    private const string Input = "copy-input";
    private const string Output = "copy-output";
    private const string Group = "copiers";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [ClientFact("confluent-kafka-python")]
    public async Task What_workers_copy_in_transactions_is_there_exactly_once_and_in_order_whoever_is_killed()
    {
        if (KafkaClient.Named("Confluent.Kafka").Absence is { } absence)
        {
            Assert.Fail($"confluent-kafka-python is here and its librdkafka is not: {absence}");
        }

        int seed = Number("TIDEMARK_COPY_SEED") ?? Environment.TickCount;
        int rounds = Number("TIDEMARK_COPY_ROUNDS") ?? 6;
        string rerun = $"TIDEMARK_COPY_SEED={seed} TIDEMARK_COPY_ROUNDS={rounds}";
        output.WriteLine(rerun);
        Random random = new(seed);
        await using RunningNodes nodes = await RunningNodes.StartAsync(
            [NodeKind.Tidemark, NodeKind.Tidemark, NodeKind.Tidemark], "group.min.session.timeout.ms=1000", "offsets.topic.num.partitions=3", "transaction.state.log.num.partitions=3");
        await nodes.AllInSyncAsync(Patience, brokers: 3);
        foreach (string topic in new[] { Input, Output })
        {
            await nodes.RunAsync("topics", "create", topic, "--partitions", $"{Partitions}", "--replication-factor", "3", "--config", "min.insync.replicas=2");
        }

        string[][] expected = await FillAsync(nodes.Bootstrap);
        using CommittedReader watch = new(nodes.Bootstrap, Output, Partitions);
        CopyWorker[] workers = [.. Enumerable.Range(1, 2).Select(number => new CopyWorker(nodes.Bootstrap, Input, Output, Group, $"copier-{number}"))];
        try
        {
            foreach (CopyWorker worker in workers)
            {
                worker.Launch();
            }

            for (int round = 0; round < rounds; round++)
            {
                int share = Records / (rounds + 1);
                Reach((share * round) + random.Next(1, share));
                if (round % 2 == 0)
                {
                    int number = random.Next(workers.Length);
                    workers[number].Kill();
                    output.WriteLine($"after {watch.Count} records worker {number + 1} is killed");
                    workers[number].Launch();
                }
                else
                {
                    RunningNode node = nodes[random.Next(1, 4)];
                    node.Kill();
                    output.WriteLine($"after {watch.Count} records node {node.Id} is killed");
                    Reach(watch.Count + random.Next(1, share / 4));
                    await node.StartAsync();
                }
            }

            Reach(Records);
        }
        finally
        {
            foreach (CopyWorker worker in workers)
            {
                worker.Dispose();
                output.WriteLine(worker.Notes);
            }
        }

        // What was seen while it was written and what is there in the end must be the same.
        using CommittedReader again = new(nodes.Bootstrap, Output, Partitions);
        again.ReadToEnds(Patience);
        for (int partition = 0; partition < Partitions; partition++)
        {
            AssertSame(expected[partition], again.Values[partition], $"{rerun}: partition {partition}, read at the end");
        }

        // A record too many ends the first reading early, so the whole is judged first.
        for (int partition = 0; partition < Partitions; partition++)
        {
            AssertSame(expected[partition], watch.Values[partition], $"{rerun}: partition {partition}, read while it was written");
        }

        Assert.Equal(Enumerable.Repeat((long)RecordsAPartition, Partitions), Committed(nodes.Bootstrap));

        void Reach(int count)
        {
            bool reached = watch.TryReachCount(count, Patience, () => workers.All(worker => worker.IsRunning));
            CopyWorker? ended = workers.FirstOrDefault(worker => !worker.IsRunning);
            Assert.True(ended is null, $"{rerun}: a worker ended by itself: {ended?.Notes}");
            Assert.True(reached, $"{rerun}: {watch.Count} of {count} records were copied within {Patience.TotalSeconds} s");
        }
    }

    /// <summary>Writes the input; answers what the output must hold, by partition.</summary>
    private static async Task<string[][]> FillAsync(string bootstrap)
    {
        using IProducer<Null, string> producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = bootstrap, EnableIdempotence = true }).SetLogHandler((_, _) => { }).Build();
        await Task.WhenAll(Enumerable.Range(0, Records).Select(i => producer.ProduceAsync(new TopicPartition(Input, i % Partitions), new Message<Null, string> { Value = $"record {i}" })));
        return [.. Enumerable.Range(0, Partitions).Select(p => Enumerable.Range(0, RecordsAPartition).Select(i => new string([.. $"record {(i * Partitions) + p}".Reverse()])).ToArray())];
    }

    private static void AssertSame(string[] expected, List<string> seen, string where)
    {
        string[] twice = [.. seen.GroupBy(value => value).Where(group => group.Count() > 1).Select(group => group.Key)];
        string[] lost = [.. expected.Except(seen)];
        Assert.True(twice.Length == 0 && lost.Length == 0, $"{where}: {lost.Length} are missing ({string.Join(", ", lost.Take(3))}), {twice.Length} are there more than once ({string.Join(", ", twice.Take(3))})");
        Assert.Equal(expected, seen);
    }

    private static IEnumerable<long> Committed(string bootstrap)
    {
        ConsumerConfig configuration = new() { BootstrapServers = bootstrap, GroupId = Group, EnableAutoCommit = false };
        using IConsumer<Ignore, Ignore> consumer = new ConsumerBuilder<Ignore, Ignore>(configuration).SetLogHandler((_, _) => { }).Build();
        return consumer.Committed(Enumerable.Range(0, Partitions).Select(p => new TopicPartition(Input, p)), Patience).OrderBy(p => p.Partition.Value).Select(p => p.Offset.Value);
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : null;
}
