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
    public static Task<BrokerId> FindCoordinatorAsync(this ClusterClient cluster, CoordinatorKind kind, string key, CancellationToken cancellation = default) =>
        cluster.RetryAsync(() => cluster.FindCoordinatorOnceAsync(kind, key, cancellation), cancellation: cancellation);

    /// <summary>Asks the coordinator; another one when that has moved, and again while it is loading or nobody answers where it was.</summary>
    /// <param name="errorOf">The error in the answer that says so.</param>
    /// <param name="brokerWait">How long the request itself asks the broker to wait.</param>
    /// <param name="highest">No higher version than this.</param>
    /// <exception cref="BrokerUnreachableException">
    /// Nobody answered. Also where the connection broke off after a request was sent that must not be carried out twice.
    /// </exception>
    public static Task<(TResponse Response, BrokerId Coordinator)> AskCoordinatorAsync<TResponse>(
        this ClusterClient cluster,
        CoordinatorKind kind,
        string key,
        IApiRequest request,
        Func<TResponse, ErrorCode> errorOf,
        TimeSpan brokerWait = default,
        short highest = short.MaxValue,
        CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse => cluster.RetryAsync(
            async () =>
            {
                BrokerId coordinator = await cluster.FindCoordinatorOnceAsync(kind, key, cancellation);
                BrokerConnection connection = await cluster.ConnectToAsync(coordinator, cancellation);
                return (await connection.SendAsync<TResponse>(request, brokerWait, cancellation, highest), coordinator);
            },
            asked => errorOf(asked.Item1) is ErrorCode.NotCoordinator
                or ErrorCode.CoordinatorNotAvailable
                or ErrorCode.CoordinatorLoadInProgress
                or ErrorCode.ConcurrentTransactions
                or ErrorCode.UnstableOffsetCommit,
            cancellation);

    private static async Task<BrokerId> FindCoordinatorOnceAsync(this ClusterClient cluster, CoordinatorKind kind, string key, CancellationToken cancellation)
    {
        var request = new FindCoordinatorRequest { KeyType = (sbyte)kind, CoordinatorKeys = [key] };
        FindCoordinatorResponse.Coordinator found = (await cluster.SendToAnyOnceAsync<FindCoordinatorResponse>(request, default, cancellation)).Coordinators[0];
        BrokerErrorException.ThrowIfError(found.ErrorCode, $"Finding the coordinator of {key}", found.ErrorMessage);
        var coordinator = new BrokerId(found.NodeId);
        if (!cluster.Metadata.Brokers.ContainsKey(coordinator) && !(await cluster.RefreshOnceAsync([], cancellation: cancellation)).Brokers.ContainsKey(coordinator))
        {
            // Two brokers that know of its end at different times; in a moment they name the same ones.
            throw new BrokerErrorException(ErrorCode.CoordinatorNotAvailable, $"Finding the coordinator of {key}", $"broker {coordinator.Value} is not there");
        }

        return coordinator;
    }
}
