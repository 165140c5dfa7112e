using System.Globalization;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;

namespace Tidemark.Broker.Handlers;

/// <summary>A broker takes configuration for itself, and for all brokers, but not for another one.</summary>
internal static class BrokerResources
{
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
