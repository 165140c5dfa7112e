using Tidemark.Protocol;

namespace Tidemark.Broker.Links;

/// <summary>Why a request to another node brought no answer.</summary>
public enum LinkFailure
{
    /// <summary>The connection ended, or could not be made: <see cref="LinkException.End"/> says how.</summary>
    Ended,

    /// <summary>The time given was over.</summary>
    TimedOut,

    /// <summary>The two nodes have no version of the API in common, or none that can carry the request.</summary>
    UnsupportedVersion,

    /// <summary>Too many requests wait for this link already.</summary>
    Overloaded,
}

/// <summary>A request to another node brought no answer. Callers expect it: nodes fail.</summary>
public sealed class LinkException : Exception
{
    public LinkException(LinkFailure failure, LinkEnd? end, bool wasSent, string message)
        : base(message) => (Failure, End, WasSent) = (failure, end, wasSent);

    public LinkFailure Failure { get; }

    /// <summary>How the connection ended; null unless <see cref="Failure"/> is <see cref="LinkFailure.Ended"/>.</summary>
    public LinkEnd? End { get; }

    /// <summary>Whether the request was handed to the connection: the peer may have carried it out. False: it certainly has not.</summary>
    public bool WasSent { get; }

    internal static LinkException Ended(LinkEnd end, string reason, NodeAddress address, ApiKey api, bool wasSent) =>
        new(LinkFailure.Ended, end, wasSent, $"{api} to {address}: {reason}");

    internal static LinkException TimedOut(NodeAddress address, ApiKey api, bool wasSent) =>
        new(LinkFailure.TimedOut, null, wasSent, $"{api} to {address}: no answer in time");

    internal static LinkException Unsupported(NodeAddress address, ApiKey api, string reason) =>
        new(LinkFailure.UnsupportedVersion, null, false, $"{api} to {address}: {reason}");

    internal static LinkException Overloaded(NodeAddress address, ApiKey api, int waiting) =>
        new(LinkFailure.Overloaded, null, false, $"{api} to {address}: {waiting} requests wait already");
}
