using System.CommandLine;
using System.Globalization;
using Tidemark.Client;
using Tidemark.Metadata.Configuration;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Configs;

/// <summary>Which resource a command is about: exactly one of <c>--topic</c>, <c>--broker</c>, <c>--broker-defaults</c> and so on.</summary>
internal sealed class ConfigTarget
{
    private readonly Option<string?> _topic = new("--topic") { Description = "A topic.", HelpName = "NAME" };
    private readonly Option<string?> _broker = new("--broker") { Description = "A broker.", HelpName = "ID" };
    private readonly Option<bool> _brokerDefaults = new("--broker-defaults") { Description = "All brokers." };
    private readonly Option<string?> _logger = new("--loggers") { Description = "The log levels of a broker.", HelpName = "ID" };
    private readonly Option<string?> _group = new("--group") { Description = "A group.", HelpName = "NAME" };
    private readonly Option<string?> _metrics = new("--client-metrics") { Description = "A subscription to metrics of clients.", HelpName = "NAME" };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _topic, _broker, _brokerDefaults, _logger, _group, _metrics })
        {
            command.Add(option);
        }
    }

    /// <exception cref="CommandException">None or several were given.</exception>
    public (ConfigResourceType Type, string Name) Read(ClusterCall call)
    {
        var given = new List<(ConfigResourceType, string)>();
        foreach ((Option<string?> option, ConfigResourceType type) in new[]
        {
            (_topic, ConfigResourceType.Topic), (_broker, ConfigResourceType.Broker), (_logger, ConfigResourceType.BrokerLogger),
            (_group, ConfigResourceType.Group), (_metrics, ConfigResourceType.ClientMetrics),
        })
        {
            if (call.Get(option) is { Length: > 0 } name)
            {
                given.Add((type, name));
            }
        }

        if (call.Get(_brokerDefaults))
        {
            given.Add((ConfigResourceType.Broker, ""));
        }

        return given is [var (only, text)]
            ? only is ConfigResourceType.Broker or ConfigResourceType.BrokerLogger && text.Length > 0 && BrokerOf(only, text) is null
                ? throw new CommandException(ExitCode.Usage, $"{(only == ConfigResourceType.Broker ? _broker : _logger).Name} {text}: the number of a broker is allowed")
                : given[0]
            : throw new CommandException(ExitCode.Usage, "say which configuration: one of --topic, --broker, --broker-defaults, --loggers, --group, --client-metrics");
    }

    /// <summary>What is set for a resource and what it inherits.</summary>
    /// <exception cref="BrokerErrorException">There is no such resource.</exception>
    public static async Task<IReadOnlyList<DescribeConfigsResponse.DescribeConfigsResourceResult>> DescribeAsync(
        ClusterCall call, ConfigResourceType type, string name, bool withDocumentation = false)
    {
        var request = new DescribeConfigsRequest
        {
            Resources = [new DescribeConfigsRequest.DescribeConfigsResource { ResourceType = (sbyte)type, ResourceName = name, ConfigurationKeys = null }],
            IncludeDocumentation = withDocumentation,
        };
        DescribeConfigsResponse response = BrokerOf(type, name) is { } broker
            ? await call.Cluster.SendToAsync<DescribeConfigsResponse>(broker, request, cancellation: call.Cancellation)
            : await call.Cluster.SendToAnyAsync<DescribeConfigsResponse>(request, cancellation: call.Cancellation);
        DescribeConfigsResponse.DescribeConfigsResult result = response.Results[0];
        ClusterCall.Require(result.ErrorCode, $"Describing {Describe(type, name)}", result.ErrorMessage);
        return result.Configs;
    }

    /// <summary>The broker that alone can answer: its own configuration and its loggers.</summary>
    public static BrokerId? BrokerOf(ConfigResourceType type, string name) =>
        type is ConfigResourceType.Broker or ConfigResourceType.BrokerLogger && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? new BrokerId(id) : null;

    public static string Describe(ConfigResourceType type, string name) => type switch
    {
        ConfigResourceType.Broker when name.Length == 0 => "the brokers' defaults",
        ConfigResourceType.ClientMetrics => $"client metrics {name}",
        ConfigResourceType.BrokerLogger => $"the loggers of broker {name}",
        _ => $"{TypeName(type)} {name}",
    };

    public static string TypeName(ConfigResourceType type) => type.ToString().ToLowerInvariant();
}
