using Tidemark.Protocol;

namespace Tidemark.Broker.Handlers;

/// <summary>What requests about rules of access get where no authorizer is configured.</summary>
internal static class NoAuthorizer
{
    public const string Message = "No authorizer is configured (authorizer.class.name), so there are no rules of access.";

    /// <summary>The number that stands for "unknown" in each of the enumerations; nobody may send it.</summary>
    private const sbyte Unknown = 0;

    /// <exception cref="ProtocolException">One of them is the number for "unknown".</exception>
    public static void RequireKnown(sbyte resourceType, sbyte patternType, sbyte operation, sbyte permission)
    {
        if (resourceType == Unknown || patternType == Unknown || operation == Unknown || permission == Unknown)
        {
            throw new ProtocolException($"Rule of access with an unknown element: resource type {resourceType}, pattern type {patternType}, operation {operation}, permission {permission}.");
        }
    }
}
