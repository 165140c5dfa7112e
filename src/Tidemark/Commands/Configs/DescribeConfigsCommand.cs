using System.CommandLine;
using Tidemark.Metadata.Configuration;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Configs;

/// <summary><c>tidemark configs describe</c></summary>
internal static class DescribeConfigsCommand
{
    public static Command Define()
    {
        var target = new ConfigTarget();
        var all = new Option<bool>("--all") { Description = "Show defaults too, not only what was set." };
        var command = new ExampledCommand(
            "describe",
            "Show a configuration: what was set, and where.",
            "tidemark configs describe --topic orders --all",
            "tidemark configs describe --broker 1",
            "tidemark configs describe --broker-defaults --json");
        target.AddTo(command);
        command.Add(all);
        ClusterOptions.Attach(command, async call =>
        {
            (ConfigResourceType type, string name) = target.Read(call);
            IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> configs = await ConfigTarget.DescribeAsync(call, type, name);
            if (!call.Get(all))
            {
                configs = configs.Where(c => (ConfigSource)c.ConfigSource is not (ConfigSource.Default or ConfigSource.StaticBroker) || (type == ConfigResourceType.Broker && (ConfigSource)c.ConfigSource == ConfigSource.StaticBroker));
            }

            var listing = new Listing("key", "value", "source", "read only");
            foreach (DescribeConfigsResponse.DescribeConfigsResourceResult config in configs.OrderBy(c => c.Name, StringComparer.Ordinal))
            {
                listing.Add(config.Name, config.IsSensitive ? "(hidden)" : config.Value, Words((ConfigSource)config.ConfigSource), config.ReadOnly);
            }

            listing.Write(call.Json, "Nothing was set; --all shows the defaults.");
            return ExitCode.Success;
        });
        return command;
    }

    private static string Words(ConfigSource source) => source switch
    {
        ConfigSource.DynamicBroker => "broker",
        ConfigSource.DynamicDefaultBroker => "all brokers",
        ConfigSource.StaticBroker => "file",
        ConfigSource.DynamicBrokerLogger => "logger",
        ConfigSource.ClientMetrics => "client metrics",
        _ => source.ToString().ToLowerInvariant(),
    };
}
