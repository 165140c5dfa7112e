using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Cluster;

/// <summary>
/// A cluster: finds its brokers from the bootstrap list, keeps one connection to each that is talked to, and sends requests to
/// the broker they belong to. Safe for use by many callers at once.
/// </summary>
public sealed class ClusterClient(ClientOptions options) : IAsyncDisposable
{
    private readonly Dictionary<BrokerAddress, BrokerConnection> _connections = [];
    private readonly SemaphoreSlim _connecting = new(1);
    private ClusterMetadata _metadata = ClusterMetadata.Empty;

    public ClientOptions Options => options;

    /// <summary>What is known of the cluster so far.</summary>
    public ClusterMetadata Metadata => Volatile.Read(ref _metadata);

    /// <summary>Sends a request that any broker can answer.</summary>
    public async Task<TResponse> SendToAnyAsync<TResponse>(IApiRequest request, TimeSpan brokerWait = default, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse =>
        await (await ConnectToAnyAsync(cancellation)).SendAsync<TResponse>(request, brokerWait, cancellation);

    /// <summary>
    /// Sends an administrative request: to the broker that metadata names for it, which passes it on to the controller; to any other where that one cannot be
    /// reached, because metadata may go on naming a broker that is gone until its session is over, and all pass on what is the controller's.
    /// </summary>
    public async Task<TResponse> SendToControllerAsync<TResponse>(IApiRequest request, TimeSpan brokerWait = default, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse
    {
        if (Metadata.Brokers.Count == 0)
        {
            await RefreshAsync([], cancellation: cancellation);
        }

        BrokerConnection connection;
        try
        {
            connection = Metadata.Brokers.ContainsKey(Metadata.Controller) ? await ConnectToAsync(Metadata.Controller, cancellation) : await ConnectToAnyAsync(cancellation);
        }
        catch (BrokerUnreachableException)
        {
            connection = await ConnectToAnyAsync(cancellation);
        }

        return await connection.SendAsync<TResponse>(request, brokerWait, cancellation);
    }

    /// <summary>Sends a request to one broker.</summary>
    public async Task<TResponse> SendToAsync<TResponse>(BrokerId broker, IApiRequest request, TimeSpan brokerWait = default, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse =>
        await (await ConnectToAsync(broker, cancellation)).SendAsync<TResponse>(request, brokerWait, cancellation);

    /// <summary>
    /// Asks for the named topics, or for all of them when <paramref name="topics"/> is null, and for the brokers. What comes is kept
    /// for routing; errors of single topics are in the topics.
    /// </summary>
    public async Task<ClusterMetadata> RefreshAsync(
        IEnumerable<string>? topics, bool allowAutoCreation = false, CancellationToken cancellation = default)
    {
        var request = new MetadataRequest
        {
            Topics = topics?.Select(name => new MetadataRequest.MetadataRequestTopic { Name = name }).ToList(),
            AllowAutoTopicCreation = allowAutoCreation,
        };
        MetadataResponse response = await SendToAnyAsync<MetadataResponse>(request, cancellation: cancellation);
        BrokerErrorException.ThrowIfError(response.ErrorCode, "Asking for metadata");
        var fresh = new ClusterMetadata(response, topics is null ? null : Metadata);
        Volatile.Write(ref _metadata, fresh);
        return fresh;
    }

    /// <summary>The topic, asking again while its error may pass, for example while it is being created.</summary>
    /// <exception cref="BrokerErrorException">There is no such topic, or its error stays.</exception>
    public async Task<TopicInfo> TopicAsync(string name, bool allowAutoCreation = false, CancellationToken cancellation = default)
    {
        if (Metadata.Topics.TryGetValue(name, out TopicInfo? known) && known.Error == ErrorCode.None)
        {
            return known;
        }

        long start = Environment.TickCount64;
        while (true)
        {
            TopicInfo? topic = (await RefreshAsync([name], allowAutoCreation, cancellation)).Topics.GetValueOrDefault(name);
            ErrorCode error = topic?.Error ?? ErrorCode.UnknownTopicOrPartition;
            if (error == ErrorCode.None)
            {
                return topic!;
            }

            bool passes = error == ErrorCode.LeaderNotAvailable || (allowAutoCreation && error == ErrorCode.UnknownTopicOrPartition);
            if (!passes || Environment.TickCount64 - start > options.RequestTimeout.TotalMilliseconds)
            {
                throw new BrokerErrorException(error, $"Topic {name}");
            }

            await Task.Delay(options.RetryBackoff, cancellation);
        }
    }

    /// <summary>A connection to the partition's leader, asking for fresh metadata when none is known.</summary>
    /// <exception cref="BrokerErrorException">The topic or the partition does not exist, or has no leader at the moment.</exception>
    public async Task<BrokerConnection> ConnectToLeaderAsync(TopicPartition partition, CancellationToken cancellation = default)
    {
        PartitionInfo? info = (await TopicAsync(partition.Topic, cancellation: cancellation)).Partition(partition.Partition);
        if (!Metadata.Brokers.ContainsKey(info.Leader))
        {
            info = (await RefreshAsync([partition.Topic], cancellation: cancellation)).Find(partition);
        }

        return info is not null && Metadata.Brokers.ContainsKey(info.Leader)
            ? await ConnectToAsync(info.Leader, cancellation)
            : throw new BrokerErrorException(ErrorCode.LeaderNotAvailable, $"Partition {partition}");
    }

    /// <summary>A connection to a broker by its id.</summary>
    /// <exception cref="BrokerErrorException">The cluster has no such broker.</exception>
    public async Task<BrokerConnection> ConnectToAsync(BrokerId broker, CancellationToken cancellation = default)
    {
        if (!Metadata.Brokers.ContainsKey(broker))
        {
            await RefreshAsync([], cancellation: cancellation);
        }

        return Metadata.Brokers.TryGetValue(broker, out BrokerInfo? info)
            ? await OpenAsync(info.Address, cancellation)
            : throw new BrokerErrorException(ErrorCode.BrokerIdNotRegistered, $"Broker {broker}", $"the cluster's brokers: {string.Join(", ", Metadata.Brokers.Keys)}");
    }

    /// <summary>A connection to some broker: one that is open, else the first known or bootstrap address that answers.</summary>
    /// <exception cref="BrokerUnreachableException">None answers; the message tells each one's reason.</exception>
    public async Task<BrokerConnection> ConnectToAnyAsync(CancellationToken cancellation = default)
    {
        lock (_connections)
        {
            if (_connections.Values.FirstOrDefault(connection => connection.IsOpen) is { } open)
            {
                return open;
            }
        }

        var failures = new List<BrokerUnreachableException>();
        foreach (BrokerAddress address in options.BootstrapServers.Concat(Metadata.Brokers.Values.Select(broker => broker.Address)).Distinct())
        {
            try
            {
                return await OpenAsync(address, cancellation);
            }
            catch (BrokerUnreachableException error)
            {
                failures.Add(error);
            }
        }

        throw failures.Count == 1
            ? failures[0]
            : new BrokerUnreachableException($"No broker can be reached. {string.Join(". ", failures.Select(failure => failure.Message))}", failures.LastOrDefault());
    }

    public async ValueTask DisposeAsync()
    {
        BrokerConnection[] open;
        lock (_connections)
        {
            open = [.. _connections.Values];
            _connections.Clear();
        }

        foreach (BrokerConnection connection in open)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task<BrokerConnection> OpenAsync(BrokerAddress address, CancellationToken cancellation)
    {
        if (Find(address) is { } open)
        {
            return open;
        }

        await _connecting.WaitAsync(cancellation);
        try
        {
            if (Find(address) is { } meanwhile)
            {
                return meanwhile;
            }

            BrokerConnection connection = await BrokerConnection.ConnectAsync(address, options, cancellation);
            lock (_connections)
            {
                _connections[address] = connection;
            }

            return connection;
        }
        finally
        {
            _connecting.Release();
        }
    }

    private BrokerConnection? Find(BrokerAddress address)
    {
        lock (_connections)
        {
            return _connections.GetValueOrDefault(address) is { IsOpen: true } connection ? connection : null;
        }
    }
}
