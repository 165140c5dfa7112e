using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Request = Tidemark.Broker.Connections.Request;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 9, OffsetFetch: how far groups have read.
/// v2 all partitions of a group · v5 leader epochs (KIP-320) · v7 offsets that no open transaction can change (KIP-447) · v8 several groups (KIP-709) ·
/// v9 member epochs (KIP-848) · v10 topic ids.
/// Whoever asks for a group that this broker's last life coordinated, and no life since, is not told so: his connection ends, as with that life
/// (see <see cref="EarlierLeaderships"/>). After NOT_COORDINATOR to any other request of a group all clients look for the coordinator by themselves.
/// </summary>
public sealed class OffsetFetchHandler(Coordinators<GroupShard> groups, EarlierLeaderships earlier)
    : MessageHandler<OffsetFetchRequest, OffsetFetchResponse>(ApiKey.OffsetFetch, 1, 10)
{
    private const short SeveralGroupsFrom = 8;
    private const short TopicIdsFrom = 10;

    /// <summary>Before this version an error has its place in the partitions only.</summary>
    private const short OwnErrorFrom = 2;

    protected override OffsetFetchResponse Refusal(OffsetFetchRequest request, ErrorCode error, short version)
    {
        if (version >= SeveralGroupsFrom)
        {
            return new() { Groups = [.. request.Groups.Select(g => Refused(g.GroupId, error))] };
        }

        return OfOne(request, Refused(request.GroupId, error), version);
    }

    protected override string? ReasonToEnd(OffsetFetchRequest request, Request context)
    {
        bool isBroughtByNews = context.ApiVersion >= SeveralGroupsFrom ? request.Groups.Any(g => IsBroughtByNews(g.GroupId, context)) : IsBroughtByNews(request.GroupId, context);
        return isBroughtByNews ? "its group's coordinator was this broker's last life" : null;
    }

    protected override async ValueTask<OffsetFetchResponse> Answer(OffsetFetchRequest request, Request context)
    {
        short version = context.ApiVersion;
        if (version < SeveralGroupsFrom)
        {
            var asked = new OffsetFetchRequest.OffsetFetchRequestGroup
            {
                GroupId = request.GroupId,
                Topics = request.Topics?.ConvertAll(t => new OffsetFetchRequest.OffsetFetchRequestTopics { Name = t.Name, PartitionIndexes = t.PartitionIndexes }),
            };
            return OfOne(request, await Ask(asked, request.RequireStable, version), version);
        }

        // All are asked before any is waited for.
        List<ValueTask<OffsetFetchResponse.OffsetFetchResponseGroup>> answers = [.. request.Groups.Select(g => Ask(g, request.RequireStable, version))];
        var response = new OffsetFetchResponse();
        foreach (ValueTask<OffsetFetchResponse.OffsetFetchResponseGroup> answer in answers)
        {
            response.Groups.Add(await answer);
        }

        return response;
    }

    private static OffsetFetchResponse.OffsetFetchResponseGroup Refused(string group, ErrorCode error) => new() { GroupId = group, ErrorCode = error };

    /// <summary>The answer for one group in the form that the versions with one group have.</summary>
    private static OffsetFetchResponse OfOne(OffsetFetchRequest request, OffsetFetchResponse.OffsetFetchResponseGroup group, short version)
    {
        var response = new OffsetFetchResponse { ErrorCode = group.ErrorCode };
        if (group.ErrorCode != ErrorCode.None)
        {
            if (version < OwnErrorFrom)
            {
                response.Topics = request.Topics?.ConvertAll(t => new OffsetFetchResponse.OffsetFetchResponseTopic
                {
                    Name = t.Name,
                    Partitions = t.PartitionIndexes.ConvertAll(p => new OffsetFetchResponse.OffsetFetchResponsePartition
                    {
                        PartitionIndex = p,
                        CommittedOffset = -1,
                        Metadata = "",
                        ErrorCode = group.ErrorCode,
                    }),
                }) ?? [];
            }

            return response;
        }

        response.Topics = group.Topics.ConvertAll(t => new OffsetFetchResponse.OffsetFetchResponseTopic
        {
            Name = t.Name,
            Partitions = t.Partitions.ConvertAll(p => new OffsetFetchResponse.OffsetFetchResponsePartition
            {
                PartitionIndex = p.PartitionIndex,
                CommittedOffset = p.CommittedOffset,
                CommittedLeaderEpoch = p.CommittedLeaderEpoch,
                Metadata = p.Metadata,
                ErrorCode = p.ErrorCode,
            }),
        });
        return response;
    }

    private bool IsBroughtByNews(string group, Request context) => earlier.Brought(group, context.Connection.AcceptedAt) && groups.Find(group) is null;

    private ValueTask<OffsetFetchResponse.OffsetFetchResponseGroup> Ask(OffsetFetchRequest.OffsetFetchRequestGroup asked, bool requireStable, short version) =>
        groups.Ask(
            asked.GroupId,
            (shard, ticket, _) => shard.Offsets.Fetch(ticket, asked, version >= TopicIdsFrom, requireStable),
            error => Refused(asked.GroupId, error));
}
