using Tidemark.Coordination;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>Requests that name several groups: each shard is asked for its own, all at the same time.</summary>
internal static class GroupsByShard
{
    /// <param name="input">Hands a shard's groups to it.</param>
    /// <param name="refusal">What stands for the answer of a shard that cannot be asked; NOT_COORDINATOR for groups that belong elsewhere.</param>
    public static async ValueTask<List<TResponse>> AskForEach<TResponse>(
        this Coordinators<GroupShard> coordinators,
        IEnumerable<string> groups,
        Action<GroupShard, long, IReadOnlyList<string>> input,
        Func<IReadOnlyList<string>, ErrorCode, TResponse> refusal)
    {
        var asked = new List<ValueTask<TResponse>>();
        var responses = new List<TResponse>();
        foreach (IGrouping<ShardDriver<GroupShard>?, string> ofShard in groups.GroupBy(coordinators.Find))
        {
            string[] names = [.. ofShard];
            if (ofShard.Key is { } shard)
            {
                asked.Add(shard.Ask((s, ticket, _) => input(s, ticket, names), error => refusal(names, error)));
            }
            else
            {
                responses.Add(refusal(names, ErrorCode.NotCoordinator));
            }
        }

        foreach (ValueTask<TResponse> response in asked)
        {
            responses.Add(await response);
        }

        return responses;
    }
}
