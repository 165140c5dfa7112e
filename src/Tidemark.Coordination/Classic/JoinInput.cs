using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>A request to join a group, with what the coordinator has to know besides.</summary>
/// <param name="Ticket">The number of the request, for its answer.</param>
/// <param name="Request">The request. Its bytes may be views that last no longer than the input; what is kept is copied.</param>
/// <param name="ApiVersion">The version in which it came.</param>
/// <param name="Client">Who sent it.</param>
/// <param name="Fresh">A new id, out of which the id of a new member is made.</param>
public sealed record JoinInput(long Ticket, JoinGroupRequest Request, short ApiVersion, GroupClient Client, Uuid Fresh)
{
    /// <summary>From this version on a new member is given an id first, and joins with it (KIP-394).</summary>
    private const short MemberIdRequiredFrom = 4;

    /// <summary>From this version on a leader can be told that it need not assign (KIP-814).</summary>
    private const short SkipAssignmentFrom = 9;

    public bool NeedsKnownMemberId => ApiVersion >= MemberIdRequiredFrom;

    public bool KnowsSkippedAssignment => ApiVersion >= SkipAssignmentFrom;

    /// <summary>Version 0 knows only the session's timeout.</summary>
    public MemberTimeouts Timeouts => new(Request.SessionTimeoutMs, ApiVersion == 0 ? Request.SessionTimeoutMs : Request.RebalanceTimeoutMs);

    /// <summary>
    /// The id of a new member: who it is, and something that nobody else has. Of a name that is too long for a string of the protocol with something behind
    /// it only the beginning.
    /// </summary>
    public string NewMemberId => $"{Told.Beginning(Request.GroupInstanceId ?? Client.Id)}-{Dashed(Fresh)}";

    private static string Dashed(Uuid id) =>
        $"{id.High >> 32:x8}-{(id.High >> 16) & 0xFFFF:x4}-{id.High & 0xFFFF:x4}-{id.Low >> 48:x4}-{id.Low & 0xFFFF_FFFF_FFFF:x12}";
}

/// <summary>The client behind a group's request, as describing a group shows it.</summary>
/// <param name="Id">Its client id, empty when it gave none.</param>
/// <param name="Host">Its address, with a slash before it as Kafka writes it.</param>
public readonly record struct GroupClient(string Id, string Host);
