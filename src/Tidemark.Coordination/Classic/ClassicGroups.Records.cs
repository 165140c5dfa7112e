using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>A group as its record has it, and back.</summary>
public sealed partial class ClassicGroups
{
    private static readonly Dictionary<string, ReadOnlyMemory<byte>> _noAssignment = [];

    private ClassicGroup Restore(string id, GroupMetadataValue value)
    {
        var group = new ClassicGroup(this, id, value.CurrentStateTimestamp < 0 ? null : value.CurrentStateTimestamp);
        foreach (GroupMetadataValue.MemberMetadata stored in value.Members)
        {
            // The other protocols that the member offered are not kept; it names them again when it next joins.
            var member = new ClassicMember(
                stored.MemberId,
                stored.GroupInstanceId,
                new(stored.ClientId, stored.ClientHost),
                [new(value.Protocol ?? "", stored.Subscription.ToArray())],
                new(stored.SessionTimeout, stored.RebalanceTimeout == -1 ? stored.SessionTimeout : stored.RebalanceTimeout),
                stored.Assignment.ToArray());
            if (group.FindMember(member.Id) is null && (member.InstanceId is null || group.FindStatic(member.InstanceId) is null))
            {
                group.Add(member, value.ProtocolType);
            }
        }

        group.Rest(value.Generation, value.ProtocolType.Length == 0 ? null : value.ProtocolType, value.Protocol, value.Leader);
        return group;
    }

    private void WriteGroup(ClassicGroup group, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> assignment)
    {
        var value = new GroupMetadataValue
        {
            ProtocolType = group.ProtocolType ?? "",
            Generation = group.Generation,
            Protocol = group.Protocol,
            Leader = group.Leader,
            CurrentStateTimestamp = group.SinceMs ?? -1,
        };
        foreach (ClassicMember member in group.Members)
        {
            value.Members.Add(new()
            {
                MemberId = member.Id,
                GroupInstanceId = member.InstanceId,
                ClientId = member.Client.Id,
                ClientHost = member.Client.Host,
                RebalanceTimeout = member.Timeouts.RebalanceMs,
                SessionTimeout = member.Timeouts.SessionMs,
                Subscription = member.MetadataOf(group.Protocol),
                Assignment = assignment.GetValueOrDefault(member.Id),
            });
        }

        Shard.Write(new CoordinatorRecord(new GroupMetadataKey { Group = group.Id }, value, RecordVersion));
    }

    /// <summary>A new group stands in the log before anybody hears of it, so that it is found again by whoever coordinates it next.</summary>
    private void OnGroupCreated(GroupCreated created, ErrorCode error)
    {
        ClassicGroup? now = _groups.Find(created.Group.Id);
        if (error == ErrorCode.None || now == created.Group)
        {
            return;
        }

        // The creation is undone; whoever waits in the group has to come again. Somebody may have, and made another group of the name.
        if (now is null)
        {
            _deadlines.Cancel(ClassicTimer.Join(created.Group));
        }

        foreach (ClassicMember member in created.Group.Members)
        {
            AnswerJoin(created.Group, member, ClassicAnswers.RefuseJoin("", AppendErrors.ForClients(error)));
            AnswerSync(member, ClassicAnswers.RefuseSync(AppendErrors.ForClients(error)));
        }
    }
}
