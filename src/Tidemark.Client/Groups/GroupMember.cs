using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Groups;

/// <summary>
/// A member of a group of the classic protocol, which assigns by ranges when it leads. It joins, is given partitions, and keeps them as long as
/// <see cref="StaysAsync"/> says so; then it commits, gives them up and joins again. For one caller at a time.
/// </summary>
public sealed class GroupMember(ClusterClient cluster, GroupMemberOptions options)
{
    private const string Protocol = "range";

    private string _member = "";
    private int _generation = -1;
    private long _heartbeatAt;

    /// <summary>The generation of the last assignment; -1 before.</summary>
    public int Generation => _generation;

    /// <summary>Joins, or joins again, and waits until the partitions are dealt out. They may be none.</summary>
    /// <exception cref="BrokerErrorException">The group does not take the member.</exception>
    public async Task<IReadOnlyList<TopicPartition>> JoinAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            (JoinGroupResponse joined, _) = await cluster.AskCoordinatorAsync<JoinGroupResponse>(
                CoordinatorKind.Group, options.Group, JoinRequest(), r => r.ErrorCode, options.RebalanceTimeout, cancellation: cancellation);
            switch (joined.ErrorCode)
            {
                case ErrorCode.None:
                    _member = joined.MemberId;
                    _generation = joined.GenerationId;
                    break;
                case ErrorCode.MemberIdRequired:
                    _member = joined.MemberId;
                    continue;
                case ErrorCode.UnknownMemberId:
                    _member = "";
                    continue;
                case ErrorCode.RebalanceInProgress:
                    continue;
                default:
                    throw new BrokerErrorException(joined.ErrorCode, $"Joining group {options.Group}");
            }

            (SyncGroupResponse synced, _) = await cluster.AskCoordinatorAsync<SyncGroupResponse>(
                CoordinatorKind.Group, options.Group, await SyncRequestAsync(joined, cancellation), r => r.ErrorCode, options.RebalanceTimeout, cancellation: cancellation);
            if (synced.ErrorCode == ErrorCode.None)
            {
                _heartbeatAt = Environment.TickCount64;
                return ClassicAssignment.Read(synced.Assignment);
            }

            if (!MustRejoin(synced.ErrorCode))
            {
                throw new BrokerErrorException(synced.ErrorCode, $"Taking part in group {options.Group}");
            }
        }
    }

    /// <summary>Sends a heartbeat when it is time for one. False when the group rebalances, or lost the member: the partitions are to be given up.</summary>
    public async Task<bool> StaysAsync(CancellationToken cancellation = default)
    {
        if (Environment.TickCount64 - _heartbeatAt < options.HeartbeatInterval.TotalMilliseconds)
        {
            return true;
        }

        var request = new HeartbeatRequest { GroupId = options.Group, MemberId = _member, GenerationId = _generation, GroupInstanceId = options.Instance };
        (HeartbeatResponse response, _) = await cluster.AskCoordinatorAsync<HeartbeatResponse>(
            CoordinatorKind.Group, options.Group, request, r => r.ErrorCode, cancellation: cancellation);
        _heartbeatAt = Environment.TickCount64;
        return response.ErrorCode == ErrorCode.None
            || (MustRejoin(response.ErrorCode) ? false : throw new BrokerErrorException(response.ErrorCode, $"Staying in group {options.Group}"));
    }

    /// <summary>Commits positions in the name of this generation. False when the group has gone on without the member; what it read may be read again.</summary>
    public async Task<bool> CommitAsync(IReadOnlyDictionary<TopicPartition, long> positions, CancellationToken cancellation = default)
    {
        if (positions.Count == 0)
        {
            return true;
        }

        IReadOnlyDictionary<TopicPartition, ErrorCode> refused = await cluster.CommitOffsetsAsync(options.Group, positions, _member, _generation, cancellation);
        foreach ((TopicPartition partition, ErrorCode error) in refused)
        {
            if (!MustRejoin(error))
            {
                throw new BrokerErrorException(error, $"Committing the offset of group {options.Group} for {partition}");
            }
        }

        return refused.Count == 0;
    }

    /// <summary>Tells the group that the member goes, so that others need not wait for its session to end. A static member stays a member.</summary>
    public async Task LeaveAsync(CancellationToken cancellation = default)
    {
        if (_member.Length > 0 && options.Instance is null)
        {
            var request = new LeaveGroupRequest { GroupId = options.Group, Members = [new() { MemberId = _member, Reason = "the reader ended" }] };
            await cluster.AskCoordinatorAsync<LeaveGroupResponse>(CoordinatorKind.Group, options.Group, request, r => r.ErrorCode, cancellation: cancellation);
        }

        (_member, _generation) = ("", -1);
    }

    private static bool MustRejoin(ErrorCode error) => error is ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId;

    private JoinGroupRequest JoinRequest() => new()
    {
        GroupId = options.Group,
        SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
        RebalanceTimeoutMs = (int)options.RebalanceTimeout.TotalMilliseconds,
        MemberId = _member,
        GroupInstanceId = options.Instance,
        ProtocolType = ClassicAssignment.ProtocolType,
        Protocols = [new() { Name = Protocol, Metadata = ClassicAssignment.Subscription(options.Topics) }],
    };

    /// <summary>Who leads deals the partitions out; the others ask for theirs.</summary>
    private async Task<SyncGroupRequest> SyncRequestAsync(JoinGroupResponse joined, CancellationToken cancellation)
    {
        var request = new SyncGroupRequest
        {
            GroupId = options.Group,
            GenerationId = joined.GenerationId,
            MemberId = joined.MemberId,
            GroupInstanceId = options.Instance,
            ProtocolType = ClassicAssignment.ProtocolType,
            ProtocolName = joined.ProtocolName,
        };
        if (joined.Leader == joined.MemberId && !joined.SkipAssignment)
        {
            var topicsOf = joined.Members.ToDictionary(m => m.MemberId, m => ClassicAssignment.ReadSubscription(m.Metadata));
            string[] topics = [.. topicsOf.Values.SelectMany(t => t).Distinct()];
            ClusterMetadata metadata = await cluster.RefreshAsync(topics, cancellation: cancellation);
            var partitionsOf = topics.Where(metadata.Topics.ContainsKey).ToDictionary(t => t, t => metadata.Topics[t].Partitions.Count);
            request.Assignments =
            [
                .. ClassicAssignment.Range(topicsOf, partitionsOf)
                    .Select(a => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = a.Key, Assignment = ClassicAssignment.Write(a.Value) }),
            ];
        }

        return request;
    }
}
