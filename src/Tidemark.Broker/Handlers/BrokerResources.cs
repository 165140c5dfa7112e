using System.Globalization;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;

namespace Tidemark.Broker.Handlers;

/// <summary>A broker takes configuration for itself, and for all brokers, but not for another one.</summary>
internal static class BrokerResources
{
    /// <summary>Whether a broker answers a change of these resources by itself: one is its own logger, or all are other brokers'.</summary>
    public static bool StayHere(IEnumerable<(sbyte Type, string Name)> resources, BrokerId self)
    {
        (bool IsLogger, ErrorCode Refusal)[] each = [.. resources.Select(resource => (resource.Type == (sbyte)ConfigResourceType.BrokerLogger, Check(resource.Type, resource.Name, self).Code))];
        return each.Any(one => one is { IsLogger: true, Refusal: ErrorCode.None }) || (each.Length > 0 && each.All(one => one.Refusal != ErrorCode.None));
    }

    /// <summary>What a node says to a change of a resource: a broker to any, the controller, whom brokers pass the rest on to, only to loggers.</summary>
    public static (ErrorCode Code, string? Message) Check(sbyte type, string name, BrokerId self, bool isForControllers) =>
        isForControllers && type != (sbyte)ConfigResourceType.BrokerLogger ? (ErrorCode.None, null) : Check(type, name, self);

    public static (ErrorCode Code, string? Message) Check(sbyte type, string name, BrokerId self)
    {
        bool isBroker = type == (sbyte)ConfigResourceType.Broker;
        bool isLogger = type == (sbyte)ConfigResourceType.BrokerLogger;
        if (!(isBroker || isLogger) || (isBroker && name.Length == 0))
        {
            return (ErrorCode.None, null);
        }

        return int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int id) && id == self.Value
            ? (ErrorCode.None, null)
            : (ErrorCode.InvalidRequest, $"Broker {name}: this is broker {self}, which takes configuration for itself and, without a name, for all brokers.");
    }
}
