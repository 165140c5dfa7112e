using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>
/// A member of the classic protocol: all join, the leader gives everybody some partitions, until the next rebalance. What members tell each other
/// is theirs alone; here an assignment is the numbers of partitions.
/// </summary>
internal sealed class ClassicMembership(CopierClient client, string group, string topic) : GroupMembership(client, group)
{
    public override async Task<bool> KeepUp()
    {
        if (Generation < 0)
        {
            return await Join() && Owned.Count > 0;
        }

        HeartbeatResponse? answer = await Client.AskCoordinator<HeartbeatRequest, HeartbeatResponse>(
            Group, new HeartbeatRequest { GroupId = Group, GenerationId = Generation, MemberId = MemberId });
        ErrorCode? error = answer?.ErrorCode;
        if (error == ErrorCode.None)
        {
            return Owned.Count > 0;
        }

        if (!IsPassing(error))
        {
            if (error != ErrorCode.RebalanceInProgress)
            {
                Lost();
            }

            Generation = -1;
            Owned.Clear();
        }

        return false;
    }

    public override void Lost()
    {
        MemberId = "";
        Generation = -1;
        Owned.Clear();
    }

    public override async Task Leave()
    {
        if (MemberId.Length > 0)
        {
            await Client.AskCoordinator<LeaveGroupRequest, LeaveGroupResponse>(
                Group, new LeaveGroupRequest { GroupId = Group, MemberId = MemberId, Members = [new() { MemberId = MemberId }] }, lowest: 3);
        }

        Lost();
    }

    private async Task<bool> Join()
    {
        Owned.Clear();
        JoinGroupResponse? joined = await Client.AskCoordinator<JoinGroupRequest, JoinGroupResponse>(Group, new JoinGroupRequest
        {
            GroupId = Group,
            SessionTimeoutMs = 3000,
            RebalanceTimeoutMs = 2000,
            MemberId = MemberId,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "numbers", Metadata = Subscription() }],
            Reason = "the simulation",
        });
        Client.Count($"join {joined?.ErrorCode}");
        switch (joined?.ErrorCode)
        {
            case ErrorCode.None:
                MemberId = joined.MemberId;
                return await Sync(joined);
            case ErrorCode.MemberIdRequired:
                MemberId = joined.MemberId;
                return false;
            case var error when !IsPassing(error) && error != ErrorCode.RebalanceInProgress:
                Lost();
                return false;
            default:
                return false;
        }
    }

    private async Task<bool> Sync(JoinGroupResponse joined)
    {
        var request = new SyncGroupRequest
        {
            GroupId = Group,
            GenerationId = joined.GenerationId,
            MemberId = MemberId,
            ProtocolType = "consumer",
            ProtocolName = joined.ProtocolName,
        };
        if (joined.Leader == MemberId)
        {
            int partitions = Client.PartitionsOf(topic);
            for (int i = 0; i < joined.Members.Count; i++)
            {
                int[] given = [.. Enumerable.Range(0, partitions).Where(p => p % joined.Members.Count == i)];
                request.Assignments.Add(new() { MemberId = joined.Members[i].MemberId, Assignment = Encode(given) });
            }
        }

        SyncGroupResponse? synced = await Client.AskCoordinator<SyncGroupRequest, SyncGroupResponse>(Group, request);
        Client.Count($"sync {synced?.ErrorCode}");
        if (synced?.ErrorCode != ErrorCode.None)
        {
            if (!IsPassing(synced?.ErrorCode) && synced?.ErrorCode != ErrorCode.RebalanceInProgress)
            {
                Lost();
            }

            return false;
        }

        Generation = joined.GenerationId;
        Owned.UnionWith(Decode(synced.Assignment.Span));
        Groups.Assigned(Group, Generation, MemberId, Owned);
        Client.Tell($"{MemberId} owns [{string.Join(' ', Owned)}] in generation {Generation}");
        return true;
    }

    private byte[] Subscription()
    {
        using var writer = new Protocol.WireWriter();
        writer.WriteInt16(0);
        new ConsumerProtocolSubscription { Topics = [topic] }.Write(writer, 0);
        return writer.WrittenSpan.ToArray();
    }

    private static byte[] Encode(int[] partitions)
    {
        byte[] bytes = new byte[partitions.Length * sizeof(int)];
        for (int i = 0; i < partitions.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * sizeof(int)), partitions[i]);
        }

        return bytes;
    }

    private static List<int> Decode(ReadOnlySpan<byte> bytes)
    {
        var partitions = new List<int>();
        for (; bytes.Length >= sizeof(int); bytes = bytes[sizeof(int)..])
        {
            partitions.Add(BinaryPrimitives.ReadInt32BigEndian(bytes));
        }

        return partitions;
    }
}
