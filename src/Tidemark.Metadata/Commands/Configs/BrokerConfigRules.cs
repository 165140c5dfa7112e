using System.Collections.Immutable;
using System.Globalization;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>What may be set for brokers at run time. Keys that nobody knows are kept: they may belong to a plugin.</summary>
internal static class BrokerConfigRules
{
    /// <summary>Numbers of threads may at most double or halve in one step.</summary>
    private static readonly ImmutableArray<string> s_threads =
        ["num.io.threads", "num.network.threads", "num.replica.fetchers", "num.recovery.threads.per.data.dir", "log.cleaner.threads", "background.threads"];

    private const string CleanerBuffer = "log.cleaner.dedupe.buffer.size";
    private const string CleanerThreads = "log.cleaner.threads";
    private const long CleanerBufferMin = 1L << 20;
    private const long InheritedRetention = -2;
    private const string PerAddress = "max.connections.per.ip";

    /// <summary>What topics have of the brokers, as topics call it; brokers call it the same after "log.".</summary>
    private static readonly ImmutableArray<(string Whole, string Local)> s_retentions =
        [("retention.ms", "local.retention.ms"), ("retention.bytes", "local.retention.bytes")];

    public static (ErrorCode Code, string? Message) Check(
        ControllerContext context, ConfigResource resource, ImmutableSortedDictionary<string, string> wanted, IReadOnlyCollection<string> touched)
    {
        bool isForAll = resource.Name.Length == 0;
        foreach (string name in touched)
        {
            wanted.TryGetValue(name, out string? value);
            if (ProblemOf(context, name, value, isForAll) is { } problem)
            {
                return (ErrorCode.InvalidRequest, problem);
            }
        }

        BrokerConfig then = isForAll ? context.Config.WithDynamic(wanted, context.Config.OfThisBroker) : context.Config.WithDynamic(context.Config.OfAllBrokers, wanted);
        if (touched.Contains(PerAddress) && then.GetInt(PerAddress) == 0 && then.GetString($"{PerAddress}.overrides").Length == 0)
        {
            return (ErrorCode.InvalidRequest, $"Configuration {PerAddress} can be 0 only while {PerAddress}.overrides lets some addresses in.");
        }

        if (touched.Any(name => name is CleanerBuffer or CleanerThreads && wanted.ContainsKey(name)))
        {
            (long buffer, int threads) = (then.GetLong(CleanerBuffer), then.GetInt(CleanerThreads));
            if (threads < 1 || buffer / threads <= CleanerBufferMin)
            {
                return (ErrorCode.InvalidRequest, $"Configuration {CleanerBuffer} has to be more than {CleanerBufferMin} bytes for each of {CleanerThreads}, of which there is one at least, and is {buffer} for {threads}.");
            }
        }

        if (RetentionProblemOf(then, [.. touched, .. context.Image.ConfigOf(resource).Keys]) is { } contradiction)
        {
            return (ErrorCode.InvalidRequest, contradiction);
        }

        if (context.Image.KeepsEligibleLeaderReplicas)
        {
            if (isForAll && !wanted.ContainsKey("min.insync.replicas"))
            {
                return (ErrorCode.InvalidConfig, "Configuration min.insync.replicas of all brokers cannot be removed while eligible leader replicas are kept.");
            }

            // Also by leaving it out where all is replaced.
            bool isAltered = touched.Contains("min.insync.replicas")
                || (context.Image.ConfigOf(resource).ContainsKey("min.insync.replicas") && !wanted.ContainsKey("min.insync.replicas"));
            if (!isForAll && isAltered)
            {
                return (ErrorCode.InvalidConfig, "Configuration min.insync.replicas cannot be altered for a single broker while eligible leader replicas are kept.");
            }
        }

        return (ErrorCode.None, null);
    }

    /// <summary>
    /// What stays on local disk is a part of what is kept: not more, and not without a limit where that has one. Only brokers' values are held to it;
    /// with a topic's own nobody minds while the topic is not tiered.
    /// </summary>
    /// <param name="keys">What is set, was set or is removed: where all is replaced, what is left out changes too.</param>
    private static string? RetentionProblemOf(BrokerConfig then, IReadOnlyCollection<string> keys)
    {
        var topics = ResourceConfig.OfTopic(ImmutableDictionary<string, string>.Empty, then);
        foreach ((string wholeKey, string localKey) in s_retentions)
        {
            (long whole, long local) = (topics.GetLong(wholeKey), topics.GetLong(localKey));
            if ((keys.Contains($"log.{wholeKey}") || keys.Contains($"log.{localKey}")) && whole >= 0 && local != InheritedRetention && (local < 0 || local > whole))
            {
                return $"Invalid value {local} for configuration log.{localKey}: allowed is at most log.{wholeKey}, which is {whole}, or {InheritedRetention} for the same.";
            }
        }

        return null;
    }

    private static string? ProblemOf(ControllerContext context, string name, string? value, bool isForAll)
    {
        if (ConfigTable.ReplicationRates.Find(name) is not null)
        {
            return value is null || (long.TryParse(value.Trim(), out long rate) && rate >= 0)
                ? null
                : $"Invalid value {value} for configuration {name}: allowed is a 64-bit integer in [0,...].";
        }

        if (value is not null && isForAll && ListenerKeys.IsOfSingleBroker(name))
        {
            return $"Configuration {name} can only be set for a single broker.";
        }

        if (value is not null && ListenerKeys.NeedsListener(name))
        {
            return $"Configuration {name} can only be set for a single listener, as listener.name.NAME.{name}.";
        }

        // Keys of a single listener follow the rules of the key behind the listener's name.
        string plain = ListenerKeys.Behind(name) ?? name;
        if (ConfigTable.Broker.Find(plain) is not { } key)
        {
            return null;
        }

        if (value is not null && key.Dynamic == DynamicMode.ReadOnly)
        {
            return $"Configuration {name} cannot change while the broker runs.";
        }

        if (isForAll && key.Dynamic == DynamicMode.PerBroker)
        {
            return $"Configuration {name} can only be set for a single broker.";
        }

        if (value is null)
        {
            return null;
        }

        if (!ConfigValue.TryParse(key, value, out ConfigValue parsed, out string problem))
        {
            return problem;
        }

        // What becomes the default of topics has to be a topic's value.
        if (ConfigTable.Topic.Keys.FirstOrDefault(each => each.Type == key.Type && each.BrokerSynonyms.Contains(plain)) is { } topics
            && !ConfigValue.TryParse(topics with { Name = plain }, value, out _, out problem))
        {
            return problem;
        }

        if (OwnProblemOf(context, plain, parsed) is { } own)
        {
            return own;
        }

        int now = s_threads.Contains(name) ? context.Config.GetInt(name) : 0;
        return now > 0 && (parsed.AsInt() < now / 2 || parsed.AsInt() > now * 2)
            ? $"Invalid value {value} for configuration {name}: allowed in one step is [{now / 2},...,{now * 2}]."
            : null;
    }

    /// <summary>What a value has to do with this node's others.</summary>
    private static string? OwnProblemOf(ControllerContext context, string name, ConfigValue value)
    {
        switch (name)
        {
            case "listeners" or "listener.security.protocol.map":
                // Kafka takes some of these changes at run time; here sockets are bound at the start, and nothing is taken that would not hold.
                return value.Text == context.Config.Find(name)?.Text ? null
                    : $"Configuration {name} changes with the next start only: set it in the property file, which has {context.Config.Find(name)?.Text}.";
            case "cordoned.log.dirs":
                ImmutableArray<string> known = context.Config.LogDirectories;
                string[] unknown = [.. value.AsList().Where(path => path != "*" && !known.Contains(path))];
                return unknown.Length == 0 ? null
                    : $"Invalid value {value.Text} for configuration {name}: allowed are the directories of log.dirs ({string.Join(", ", known)}) and *, and {string.Join(", ", unknown)} is none of them.";
            case "max.connections" or "max.connection.creation.rate":
                return value.AsInt() > 0 ? null : $"Invalid value {value.Text} for configuration {name}: allowed is [1,...], with 0 nobody could undo it.";
            case "max.connections.per.ip.overrides":
                return value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).All(IsHostAndCount) ? null
                    : $"Invalid value {value.Text} for configuration {name}: allowed is host:count, several with commas between them.";
            default:
                return null;
        }
    }

    private static bool IsHostAndCount(string entry)
    {
        int colon = entry.LastIndexOf(':');
        return colon > 0 && int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }
}
