using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>Leaving, for oneself or by a tool for others, several at a time.</summary>
public sealed partial class ClassicGroups
{
    public void Leave(long ticket, LeaveGroupRequest request, ShardTime now)
    {
        if (Shard.Find(request.GroupId) is { } other and not ClassicGroup && Shard.AnyTakes(p => p.TryLeave(ticket, request, now)))
        {
            return;
        }

        if (_groups.Find(request.GroupId) is not { } group)
        {
            Shard.RespondAtOnce(ticket, ClassicAnswers.Refuse(request, ErrorCode.UnknownMemberId));
            return;
        }

        var response = new LeaveGroupResponse();
        var left = new List<string>();
        foreach (LeaveGroupRequest.MemberIdentity member in request.Members)
        {
            (ErrorCode error, string id) = WhoLeaves(group, member);
            if (error == ErrorCode.None)
            {
                Drop(group, id, ErrorCode.UnknownMemberId);
                left.Add($"{id} ({ReasonOf(member.Reason)})");
            }

            response.Members.Add(ClassicAnswers.Left(member, error));
        }

        if (left.Count > 0)
        {
            string reason = $"left: {string.Join(", ", left)}";
            switch (group.Phase)
            {
                case ClassicState.Stable or ClassicState.CompletingRebalance:
                    PrepareRebalance(group, reason, now);
                    break;
                default:
                    Note(group, reason);
                    MaybeCompleteJoin(group, now);
                    break;
            }
        }

        Shard.Respond(ticket, response);
    }

    /// <summary>A tool names a static member by its instance alone.</summary>
    private static (ErrorCode Error, string Id) WhoLeaves(ClassicGroup group, LeaveGroupRequest.MemberIdentity member)
    {
        if (member.MemberId.Length == 0)
        {
            ClassicMember? holder = member.GroupInstanceId is null ? null : group.FindStatic(member.GroupInstanceId);
            return (holder is null ? ErrorCode.UnknownMemberId : ErrorCode.None, holder?.Id ?? "");
        }

        return (group.PendingJoin.Contains(member.MemberId) ? ErrorCode.None : group.CheckMember(member.MemberId, member.GroupInstanceId), member.MemberId);
    }
}
