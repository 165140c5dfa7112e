using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Client.Cluster;

/// <summary>Asks all brokers the same.</summary>
internal static class BrokerSurvey
{
    /// <summary>
    /// Sends a request to every broker of the cluster, in the order of their ids. Where one cannot answer all are asked again: what it had is another's by then,
    /// perhaps one's that had answered before.
    /// </summary>
    public static Task<IReadOnlyList<(BrokerId Broker, TResponse Response)>> SendToAllAsync<TResponse>(
        this ClusterClient cluster, IApiRequest request, Func<TResponse, ErrorCode> errorOf, string what, CancellationToken cancellation)
        where TResponse : IMessage<TResponse>, IApiResponse => cluster.RetryAsync<IReadOnlyList<(BrokerId, TResponse)>>(
            async () =>
            {
                var answers = new List<(BrokerId, TResponse)>();
                BrokerId[] brokers = [.. (await cluster.RefreshOnceAsync([], cancellation: cancellation)).Brokers.Keys.Order()];

                // All at once: several brokers that answer nothing cost no more time than one.
                Task<BrokerConnection>[] connecting = [.. brokers.Select(broker => cluster.ConnectToAsync(broker, cancellation))];
                foreach ((BrokerId broker, Task<BrokerConnection> opening) in brokers.Zip(connecting))
                {
                    TResponse response = await (await opening).SendAsync<TResponse>(request, cancellation: cancellation);
                    BrokerErrorException.ThrowIfError(errorOf(response), $"{what} of broker {broker.Value}");
                    answers.Add((broker, response));
                }

                return answers;
            },
            cancellation: cancellation);
}
