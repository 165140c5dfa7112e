using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Cluster;

/// <summary>What a coordinator coordinates, by FindCoordinator's numbers.</summary>
public enum CoordinatorKind
{
    Group = 0,
    Transaction = 1,
}

/// <summary>Finds coordinators, and asks them until one answers that is it.</summary>
public static class CoordinatorLookup
{
    /// <summary>The broker that coordinates the group or transactional id. A coordinator that is not there yet is waited for.</summary>
    /// <exception cref="BrokerErrorException">There is still none after <see cref="ClientOptions.RetryMax"/>.</exception>
    public static async Task<BrokerId> FindCoordinatorAsync(this ClusterClient cluster, CoordinatorKind kind, string key, CancellationToken cancellation = default)
    {
        var request = new FindCoordinatorRequest { KeyType = (sbyte)kind, CoordinatorKeys = [key] };
        long start = Environment.TickCount64;
        while (true)
        {
            FindCoordinatorResponse.Coordinator found = (await cluster.SendToAnyAsync<FindCoordinatorResponse>(request, cancellation: cancellation)).Coordinators[0];
            if (found.ErrorCode == ErrorCode.None)
            {
                var coordinator = new BrokerId(found.NodeId);
                if (!cluster.Metadata.Brokers.ContainsKey(coordinator))
                {
                    await cluster.RefreshAsync([], cancellation: cancellation);
                }

                return coordinator;
            }

            if (!found.ErrorCode.IsRetriable() || Environment.TickCount64 - start > cluster.Options.RetryMax.TotalMilliseconds)
            {
                throw new BrokerErrorException(found.ErrorCode, $"Finding the coordinator of {key}", found.ErrorMessage);
            }

            await Task.Delay(cluster.Options.RetryBackoff, cancellation);
        }
    }

    /// <summary>Asks the coordinator; another one when that has moved, and again while it is loading or nobody answers where it was.</summary>
    /// <param name="errorOf">The error in the answer that says so.</param>
    /// <param name="brokerWait">How long the request itself asks the broker to wait.</param>
    /// <param name="highest">No higher version than this.</param>
    public static async Task<(TResponse Response, BrokerId Coordinator)> AskCoordinatorAsync<TResponse>(
        this ClusterClient cluster,
        CoordinatorKind kind,
        string key,
        IApiRequest request,
        Func<TResponse, ErrorCode> errorOf,
        TimeSpan brokerWait = default,
        short highest = short.MaxValue,
        CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse
    {
        long start = Environment.TickCount64;
        while (true)
        {
            BrokerId coordinator = await cluster.FindCoordinatorAsync(kind, key, cancellation);
            BrokerConnection connection;
            try
            {
                connection = await cluster.ConnectToAsync(coordinator, cancellation);
            }
            catch (BrokerUnreachableException) when (Environment.TickCount64 - start <= cluster.Options.RetryMax.TotalMilliseconds)
            {
                // Whoever names it has not noticed yet that its process is gone, and nothing was asked of it.
                await Task.Delay(cluster.Options.RetryBackoff, cancellation);
                continue;
            }

            TResponse response = await connection.SendAsync<TResponse>(request, brokerWait, cancellation, highest);
            bool passes = errorOf(response) is ErrorCode.NotCoordinator
                or ErrorCode.CoordinatorNotAvailable
                or ErrorCode.CoordinatorLoadInProgress
                or ErrorCode.ConcurrentTransactions;
            if (!passes || Environment.TickCount64 - start > cluster.Options.RetryMax.TotalMilliseconds)
            {
                return (response, coordinator);
            }

            await Task.Delay(cluster.Options.RetryBackoff, cancellation);
        }
    }
}
