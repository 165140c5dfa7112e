using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker;

/// <summary>What a broker is started with. Everything that has a Kafka key and a default is in <see cref="Config"/>.</summary>
/// <param name="Node"><c>node.id</c></param>
/// <param name="ClusterId">As in meta.properties.</param>
/// <param name="Config">The node's configuration as its file says.</param>
/// <param name="Endpoints">Where clients reach the broker (<c>advertised.listeners</c>); asked for when it registers, when ports are known.</param>
/// <param name="InterBrokerListenerName"><c>inter.broker.listener.name</c>: where other brokers reach this one, and it them.</param>
public sealed record BrokerOptions(
    BrokerId Node,
    string ClusterId,
    BrokerConfig Config,
    Func<IReadOnlyList<EndpointImage>> Endpoints,
    string InterBrokerListenerName = "PLAINTEXT");
