using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Simulator;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Clients;

/// <summary>A client of this project that does one thing after another and takes down what it asked and what it was told.</summary>
internal abstract class HistoryClient(string name, LoadedTopic topic, SharedHistory history, SeededRandom random, IReadOnlyList<BrokerAddress> nodes) : IAsyncDisposable
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    protected string Name => name;

    protected LoadedTopic Topic => topic;

    protected SharedHistory History => history;

    protected SeededRandom Random => random;

    protected ClusterClient Cluster { get; } = new(new ClientOptions
    {
        BootstrapServers = nodes,
        ClientId = name,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        RequestTimeout = Patience,
        RetryBackoff = TimeSpan.FromMilliseconds(50),
        RetryMax = TimeSpan.Zero,
    });

    public abstract Task RunAsync(CancellationToken stop);

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    protected PartitionId AnyPartition() => topic.Partition(random.Next(topic.Partitions));

    protected static TopicPartition Place(PartitionId partition) => new(partition.Topic, partition.Index);

    protected async Task RestAsync(int fromMs, int toMs) => await Task.Delay(random.Between(fromMs, toMs));

    /// <summary>Asks for the leaders anew; that this fails is nothing new while nodes are being broken.</summary>
    protected async Task RefreshAsync()
    {
        try
        {
            await Cluster.RefreshAsync([topic.Name]);
        }
        catch (ClientException)
        {
            await RestAsync(20, 100);
        }
    }
}
