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
    private readonly BrokerConnections _connections = new(options);
    private ClusterMetadata _metadata = ClusterMetadata.Empty;

    public ClientOptions Options => options;

    /// <summary>What is known of the cluster so far.</summary>
    public ClusterMetadata Metadata => Volatile.Read(ref _metadata);

    /// <summary>Whether any of its brokers has ever answered.</summary>
    public bool WasReached => _connections.WereAny;

    /// <summary>Sends a request that any broker can answer; to another one where the first is gone.</summary>
    /// <param name="errorOf">The error in the answer after which it is asked again, while that may pass; every answer will do where none is given.</param>
    public Task<TResponse> SendToAnyAsync<TResponse>(
        IApiRequest request, TimeSpan brokerWait = default, Func<TResponse, ErrorCode>? errorOf = null, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse =>
        this.RetryAsync(() => SendToAnyOnceAsync<TResponse>(request, brokerWait, cancellation), response => errorOf?.Invoke(response).IsRetriable() == true, cancellation);

    /// <summary>
    /// Sends an administrative request: to the broker that metadata names for it, which passes it on to the controller; to any other where that one cannot be
    /// reached, because metadata may go on naming a broker that is gone until its session is over, and all pass on what is the controller's.
    /// </summary>
    /// <param name="errorOf">The error in the answer that says whether it was the controller that got the request.</param>
    /// <exception cref="BrokerUnreachableException">
    /// Also where the connection broke off after the request was sent, unless that leaves everything as it is when it is carried out twice.
    /// </exception>
    public Task<TResponse> SendToControllerAsync<TResponse>(
        IApiRequest request, Func<TResponse, ErrorCode> errorOf, TimeSpan brokerWait = default, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse
    {
        bool isAgain = false;
        return this.RetryAsync(
            async () =>
            {
                if (isAgain || Metadata.Brokers.Count == 0)
                {
                    await RefreshOnceAsync([], cancellation: cancellation);
                }

                isAgain = true;
                return await (await ConnectToControllerAsync(cancellation)).SendAsync<TResponse>(request, brokerWait, cancellation);
            },
            response => errorOf(response) == ErrorCode.NotController,
            cancellation);
    }

    /// <summary>Sends a request to one broker, once.</summary>
    public async Task<TResponse> SendToAsync<TResponse>(BrokerId broker, IApiRequest request, TimeSpan brokerWait = default, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse =>
        await (await ConnectToAsync(broker, cancellation)).SendAsync<TResponse>(request, brokerWait, cancellation);

    /// <summary>
    /// Asks for the named topics, or for all of them when <paramref name="topics"/> is null, and for the brokers. What comes is kept
    /// for routing; errors of single topics are in the topics.
    /// </summary>
    public Task<ClusterMetadata> RefreshAsync(IEnumerable<string>? topics, bool allowAutoCreation = false, CancellationToken cancellation = default)
    {
        string[]? named = topics?.ToArray();
        return this.RetryAsync(() => RefreshOnceAsync(named, allowAutoCreation, cancellation), cancellation: cancellation);
    }

    /// <summary>The topic, asking again while its error may pass, for example while it is being created.</summary>
    /// <exception cref="BrokerErrorException">There is no such topic, or its error stays.</exception>
    public async Task<TopicInfo> TopicAsync(string name, bool allowAutoCreation = false, CancellationToken cancellation = default)
    {
        if (Metadata.Topics.TryGetValue(name, out TopicInfo? known) && known.Error == ErrorCode.None)
        {
            return known;
        }

        TopicInfo topic = await this.RetryAsync(
            () => TopicOnceAsync(name, allowAutoCreation, cancellation),
            found => found.Error == ErrorCode.LeaderNotAvailable || (allowAutoCreation && found.Error == ErrorCode.UnknownTopicOrPartition),
            cancellation);
        BrokerErrorException.ThrowIfError(topic.Error, $"Topic {name}");
        return topic;
    }

    /// <summary>A connection to the partition's leader, asking once for fresh metadata when none is known.</summary>
    /// <exception cref="BrokerErrorException">The topic or the partition does not exist, or has no leader at the moment.</exception>
    public async Task<BrokerConnection> ConnectToLeaderAsync(TopicPartition partition, CancellationToken cancellation = default)
    {
        if (Metadata.Find(partition) is not { } info || !Metadata.Brokers.ContainsKey(info.Leader))
        {
            TopicInfo topic = await TopicOnceAsync(partition.Topic, allowAutoCreation: false, cancellation);
            BrokerErrorException.ThrowIfError(topic.Error, $"Topic {partition.Topic}");
            info = topic.Partition(partition.Partition);
        }

        return Metadata.Brokers.ContainsKey(info.Leader)
            ? await ConnectToAsync(info.Leader, cancellation)
            : throw new BrokerErrorException(ErrorCode.LeaderNotAvailable, $"Partition {partition}");
    }

    /// <summary>A connection to a broker by its id.</summary>
    /// <exception cref="BrokerErrorException">The cluster has no such broker.</exception>
    public async Task<BrokerConnection> ConnectToAsync(BrokerId broker, CancellationToken cancellation = default)
    {
        if (!Metadata.Brokers.ContainsKey(broker))
        {
            await RefreshOnceAsync([], cancellation: cancellation);
        }

        return Metadata.Brokers.TryGetValue(broker, out BrokerInfo? info)
            ? await _connections.OpenAsync(info.Address, cancellation)
            : throw new BrokerErrorException(ErrorCode.BrokerIdNotRegistered, $"Broker {broker}", $"the cluster's brokers: {string.Join(", ", Metadata.Brokers.Keys)}");
    }

    /// <summary>
    /// A connection to some broker: one that is open, else the first known or bootstrap address that answers. They are tried in order, the next where one fails,
    /// and beside it where it has not answered for a while: a frozen broker takes connections and says nothing.
    /// </summary>
    /// <exception cref="BrokerUnreachableException">None answers; the message tells each one's reason.</exception>
    /// <exception cref="RequestTimedOutException">There is only one, and it has not answered in time.</exception>
    public async Task<BrokerConnection> ConnectToAnyAsync(CancellationToken cancellation = default)
    {
        if (_connections.AnyOpen() is { } open)
        {
            return open;
        }

        var ahead = new Queue<BrokerAddress>(options.BootstrapServers.Concat(Metadata.Brokers.Values.Select(broker => broker.Address)).Distinct());
        var attempts = new List<Task<BrokerConnection>>();
        var failures = new List<ClientException>();
        while (ahead.Count > 0 || attempts.Count > 0)
        {
            if (ahead.TryDequeue(out BrokerAddress next))
            {
                attempts.Add(_connections.OpenAsync(next, cancellation));
            }

            Task<Task<BrokerConnection>> first = Task.WhenAny(attempts);
            await Task.WhenAny(first, Task.Delay(ahead.Count > 0 ? options.NextBrokerAfter : Timeout.InfiniteTimeSpan, cancellation));
            cancellation.ThrowIfCancellationRequested();
            if (!first.IsCompleted)
            {
                continue;
            }

            attempts.Remove(await first);
            try
            {
                return await await first;
            }
            catch (ClientException error) when (error is BrokerUnreachableException or RequestTimedOutException)
            {
                failures.Add(error);
            }
        }

        throw failures.Count == 1
            ? failures[0]
            : new BrokerUnreachableException($"No broker can be reached. {string.Join(". ", failures.Select(failure => failure.Message))}", failures.LastOrDefault());
    }

    public ValueTask DisposeAsync() => _connections.DisposeAsync();

    /// <summary>As <see cref="RefreshAsync"/>, but a failure is the caller's to deal with.</summary>
    internal async Task<ClusterMetadata> RefreshOnceAsync(IEnumerable<string>? topics, bool allowAutoCreation = false, CancellationToken cancellation = default)
    {
        var request = new MetadataRequest
        {
            Topics = topics?.Select(name => new MetadataRequest.MetadataRequestTopic { Name = name }).ToList(),
            AllowAutoTopicCreation = allowAutoCreation,
        };
        MetadataResponse response = await SendToAnyOnceAsync<MetadataResponse>(request, default, cancellation);
        BrokerErrorException.ThrowIfError(response.ErrorCode, "Asking for metadata");
        var fresh = new ClusterMetadata(response, topics is null ? null : Metadata);
        Volatile.Write(ref _metadata, fresh);
        return fresh;
    }

    /// <summary>As <see cref="SendToAnyAsync"/>, but a failure is the caller's to deal with.</summary>
    internal async Task<TResponse> SendToAnyOnceAsync<TResponse>(IApiRequest request, TimeSpan brokerWait, CancellationToken cancellation)
        where TResponse : IMessage<TResponse>, IApiResponse =>
        await (await ConnectToAnyAsync(cancellation)).SendAsync<TResponse>(request, brokerWait, cancellation);

    private async Task<TopicInfo> TopicOnceAsync(string name, bool allowAutoCreation, CancellationToken cancellation) =>
        (await RefreshOnceAsync([name], allowAutoCreation, cancellation)).Topics.GetValueOrDefault(name) ?? new TopicInfo(name, default, false, ErrorCode.UnknownTopicOrPartition, []);

    private async Task<BrokerConnection> ConnectToControllerAsync(CancellationToken cancellation)
    {
        try
        {
            return Metadata.Brokers.ContainsKey(Metadata.Controller) ? await ConnectToAsync(Metadata.Controller, cancellation) : await ConnectToAnyAsync(cancellation);
        }
        catch (ClientException failure) when (failure is BrokerUnreachableException or RequestTimedOutException)
        {
            return await ConnectToAnyAsync(cancellation);
        }
    }
}
