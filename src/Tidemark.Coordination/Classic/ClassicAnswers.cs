using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>The answers of the classic protocol, as they are the same wherever they are given.</summary>
public static class ClassicAnswers
{
    public static JoinGroupResponse Refuse(JoinGroupRequest request, ErrorCode error) => RefuseJoin(request.MemberId, error);

    /// <param name="member">The id with which the client is to go on; empty when it has none any more.</param>
    public static JoinGroupResponse RefuseJoin(string member, ErrorCode error) =>
        new() { ErrorCode = error, MemberId = member, GenerationId = -1, ProtocolName = null };

    public static SyncGroupResponse RefuseSync(ErrorCode error) => new() { ErrorCode = error };

    public static LeaveGroupResponse Refuse(LeaveGroupRequest request, ErrorCode error) =>
        error == ErrorCode.UnknownMemberId ? new() { Members = [.. request.Members.Select(m => Left(m, error))] } : new() { ErrorCode = error };

    internal static LeaveGroupResponse.MemberResponse Left(LeaveGroupRequest.MemberIdentity member, ErrorCode error) =>
        new() { MemberId = member.MemberId, GroupInstanceId = member.GroupInstanceId, ErrorCode = error };

    /// <summary>The generation that the member is in, with all members where it leads them.</summary>
    internal static JoinGroupResponse Joined(ClassicGroup group, ClassicMember member, bool withMembers, bool skipAssignment = false) => new()
    {
        MemberId = member.Id,
        GenerationId = group.Generation,
        ProtocolType = group.ProtocolType,
        ProtocolName = group.Protocol,
        Leader = group.Leader ?? "",
        SkipAssignment = skipAssignment,
        Members = withMembers
            ? [.. group.Members.Select(m => new JoinGroupResponse.JoinGroupResponseMember { MemberId = m.Id, GroupInstanceId = m.InstanceId, Metadata = m.MetadataOf(group.Protocol) })]
            : [],
    };

    internal static SyncGroupResponse Synced(ClassicGroup group, ClassicMember member) =>
        new() { ProtocolType = group.ProtocolType, ProtocolName = group.Protocol, Assignment = member.Assignment };
}
