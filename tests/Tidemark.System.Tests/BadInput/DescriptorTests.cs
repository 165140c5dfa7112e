using Confluent.Kafka;
using Tidemark.Protocol.Messages;
using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;
using static Tidemark.System.Tests.BadInput.RawConnection;

namespace Tidemark.System.Tests.BadInput;

/// <summary>
/// A process may have so many files and sockets open and no more (<c>ulimit -n</c>). Clients that open connections until there are no more take none of those
/// that the logs and their checkpoints need: before, the node lost its log directory to "Too many open files" and stopped.
/// </summary>
public class DescriptorTests
{
    private const int DescriptorsMax = 400;
    private const int Partitions = 60;
    private static readonly string Told = $"as many as the limit of {DescriptorsMax} open files (ulimit -n) allows";
    private static readonly TimeSpan ConnectTimeMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TakingTimeMax = TimeSpan.FromSeconds(40);

    [ClientFact("Confluent.Kafka")]
    public async Task Connections_that_take_every_descriptor_leave_the_logs_theirs()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(
            DescriptorsMax, $"num.partitions={Partitions}", "replica.high.watermark.checkpoint.interval.ms=100", "log.flush.offset.checkpoint.interval.ms=100");
        using IProducer<Null, string> producer = Producer(broker);
        await WriteEverywhereAsync(producer);
        List<RawConnection> many = [];
        try
        {
            for (DateTime until = DateTime.UtcNow + TakingTimeMax; !broker.Output.Contains(Told, StringComparison.Ordinal) && DateTime.UtcNow < until;)
            {
                if (await TryOpenAsync(broker.Port) is { } connection)
                {
                    many.Add(connection);
                }
            }

            // Some are not for clients: other nodes still reach the controller.
            using (RawConnection node = await OpenAsync(broker.ControllerPort).WaitAsync(ConnectTimeMax))
            {
                Assert.NotEmpty((await node.AskAsync<ApiVersionsResponse>(new ApiVersionsRequest(), version: 0)).ApiKeys);
            }

            // Who is connected is served, of logs whose files were closed meanwhile too.
            await WriteEverywhereAsync(producer);
            Assert.True(broker.IsRunning, broker.Output);
            Assert.Contains(Told, broker.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("Too many open files", broker.Output, StringComparison.Ordinal);
        }
        finally
        {
            many.ForEach(connection => connection.Dispose());
        }

        using IProducer<Null, string> another = Producer(broker);
        await WriteEverywhereAsync(another);
    }

    private static async Task<RawConnection?> TryOpenAsync(int port)
    {
        try
        {
            return await OpenAsync(port).WaitAsync(ConnectTimeMax);
        }
        catch (TimeoutException)
        {
            // The backlog is full.
            return null;
        }
    }

    private static IProducer<Null, string> Producer(RunningBroker broker) =>
        new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = broker.Bootstrap, Acks = Acks.All, LingerMs = 0 }).SetLogHandler((_, _) => { }).Build();

    private static Task WriteEverywhereAsync(IProducer<Null, string> producer) => Task.WhenAll(
        Enumerable.Range(0, Partitions).Select(i => producer.ProduceAsync(new TopicPartition("many", i), new Message<Null, string> { Value = "x" }))).WaitAsync(TimeSpan.FromSeconds(30));
}
