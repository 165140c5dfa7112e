using System.Globalization;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Server.Lifecycle;

namespace Tidemark.Commands.LocalClusters;

/// <summary>Runs the nodes of a cluster on this machine until a signal stops it, and tells of each that ends before.</summary>
internal sealed class LocalCluster : IDisposable
{
    private static readonly TimeSpan s_stopMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_askAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>A node that ends sooner has not recovered from what ended it: the pause before the next try grows.</summary>
    private static readonly TimeSpan s_stable = TimeSpan.FromSeconds(30);

    private readonly LocalClusterFiles _files;
    private readonly bool _restarts;
    private readonly List<LocalNode> _nodes;

    public LocalCluster(LocalClusterFiles files, bool restarts, IReadOnlyList<string> logArguments)
    {
        _files = files;
        _restarts = restarts;
        _nodes = [.. files.Nodes.Select(id => new LocalNode(id, files.Configuration(id), files.Log(id), logArguments))];
    }

    /// <summary>Runs all nodes; answers the exit code.</summary>
    /// <exception cref="NodeStartException">A node ended before all were ready.</exception>
    public async Task<int> RunAsync(Action ready, CancellationToken stopping)
    {
        try
        {
            _nodes.ForEach(node => node.Start());
            await WaitUntilReadyAsync(stopping);
            ready();
            await Task.WhenAll(_nodes.Select(node => TendAsync(node, stopping)));
            if (stopping.IsCancellationRequested)
            {
                return ExitCode.Success;
            }

            CommandLine.Complain("all nodes have ended");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Success;
        }
        finally
        {
            await StopAsync();
        }
    }

    public void Dispose() => _nodes.ForEach(node => node.Dispose());

    /// <summary>Until every broker is let into the cluster and answers.</summary>
    private async Task WaitUntilReadyAsync(CancellationToken stopping)
    {
        await using var client = new ClusterClient(new ClientOptions
        {
            BootstrapServers = [.. _files.Nodes.Select(_files.Address)],
            ConnectTimeout = TimeSpan.FromSeconds(2),
            RequestTimeout = TimeSpan.FromSeconds(2),
            RetryMax = TimeSpan.Zero,
        });
        while (!await IsReadyAsync(client, stopping))
        {
            if (_nodes.Find(node => !node.IsRunning) is { } gone)
            {
                await gone.Ended;
                string why = gone.LastWords?.Replace("tidemark: ", "", StringComparison.Ordinal) ?? $"exit code {gone.ExitCode}, its log is {gone.Log}";
                throw new NodeStartException($"node {gone.Id} did not start: {why}");
            }

            await Task.Delay(s_askAgain, stopping);
        }
    }

    private async Task<bool> IsReadyAsync(ClusterClient client, CancellationToken stopping)
    {
        try
        {
            // Brokers that are fenced are not among them.
            DescribeClusterResponse answer = await client.SendToAnyAsync<DescribeClusterResponse>(new DescribeClusterRequest(), cancellation: stopping);
            if (answer.ErrorCode != ErrorCode.None || _files.Nodes.Any(id => answer.Brokers.All(broker => broker.BrokerId != id)))
            {
                return false;
            }

            foreach (int id in _files.Nodes)
            {
                await client.ConnectToAsync(new BrokerId(id), stopping);
            }

            return true;
        }
        catch (ClientException)
        {
            return false;
        }
    }

    /// <summary>Waits for a node to end; ends itself when the cluster stops, or when the node ended and is not to be started again.</summary>
    private async Task TendAsync(LocalNode node, CancellationToken stopping)
    {
        TimeSpan pause = TimeSpan.FromSeconds(1);
        while (true)
        {
            await node.Ended.WaitAsync(stopping);
            string how = node.ExitCode > 128 ? $"was ended by signal {node.ExitCode - 128}" : $"ended with exit code {node.ExitCode}";
            string last = node.ExitCode == ExitCode.Failed && node.LastWords is { } words ? $" ({words.Replace("tidemark: ", "", StringComparison.Ordinal)})" : "";
            string told = $"node {node.Id} at {_files.Address(node.Id)} {how}{last}, its log is {node.Log}.";
            if (!_restarts)
            {
                CommandLine.Complain($"{told} Start it again: {node.Command}");
                return;
            }

            pause = node.Age > s_stable ? TimeSpan.FromSeconds(1) : pause;
            CommandLine.Complain($"{told} It is started again in {pause.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s.");
            await Task.Delay(pause, stopping);
            pause = TimeSpan.FromSeconds(Math.Min(30, pause.TotalSeconds * 2));
            node.Start();
        }
    }

    private async Task StopAsync()
    {
        _nodes.ForEach(node => node.Terminate());
        try
        {
            await Task.WhenAll(_nodes.Select(node => node.Ended)).WaitAsync(s_stopMax);
        }
        catch (TimeoutException)
        {
            foreach (LocalNode node in _nodes.Where(node => node.IsRunning))
            {
                CommandLine.Complain($"node {node.Id} did not stop within {s_stopMax.TotalSeconds} s and is killed");
                node.Kill();
            }
        }
    }
}
