using System.CommandLine;
using System.Globalization;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Image;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Server.Configuration;
using Tidemark.Server.Lifecycle;
using Tidemark.Storage.Files;

namespace Tidemark.Commands;

/// <summary><c>tidemark format</c>: makes a node's directories ready for their first start, as Kafka's storage tool does.</summary>
internal sealed record FormatCommand(string ConfigFile, string ClusterId, bool IgnoreFormatted, FirstVotersOptions Voters, string? ReleaseVersion, IReadOnlyList<string> Features, bool Json)
{
    public static FormatCommand? TryQuick(ReadOnlySpan<string> arguments) =>
        QuickArguments.TryRead(arguments, ["--config", "--cluster-id", "--release-version", "--feature", FirstVotersOptions.Initial], ["--ignore-formatted", FirstVotersOptions.Standalone, FirstVotersOptions.NoInitial, "--json"]) is { } read
        && read.Find("--config") is { } file && read.Find("--cluster-id") is { } id
            ? new FormatCommand(file, id, read.Has("--ignore-formatted"), FirstVotersOptions.From(read), read.Find("--release-version"), read.All("--feature"), read.Has("--json"))
            : null;

    public static Command Define()
    {
        var config = new Option<string>("--config", "-c") { Description = "The node's property file.", Required = true, HelpName = "FILE" };
        var clusterId = new Option<string>("--cluster-id", "-t") { Description = "The cluster's id, the same on all its nodes, such as 22 characters of base64.", Required = true, HelpName = "ID" };
        var ignore = new Option<bool>("--ignore-formatted") { Description = "Leave directories that are formatted already as they are." };
        var standalone = new Option<bool>(FirstVotersOptions.Standalone, "-s") { Description = "This node is the first voter of a quorum that keeps its voters in the metadata log." };
        var initial = new Option<string?>(FirstVotersOptions.Initial, "-I") { Description = "The first voters of such a quorum, the same on all its nodes.", HelpName = "ID@HOST:PORT:DIRECTORY,..." };
        var none = new Option<bool>(FirstVotersOptions.NoInitial, "-N") { Description = "This node observes such a quorum until it is added to the voters." };
        var release = new Option<string?>("--release-version") { Description = "The metadata version of a new cluster, such as 4.3-IV0.", HelpName = "VERSION" };
        var features = new Option<string[]>("--feature") { Description = "A feature's level; may be given again.", HelpName = "NAME=LEVEL" };
        Option<bool> json = JsonOption.Create();
        var command = new ExampledCommand(
            "format",
            "Make a node's directories ready for its first start.",
            "tidemark format --config server.properties --cluster-id MkU3OEVBNTcwNTJENDM2Qg",
            "tidemark format --config server.properties --cluster-id MkU3OEVBNTcwNTJENDM2Qg --ignore-formatted --feature group.version=0",
            "tidemark format --config controller.properties --cluster-id MkU3OEVBNTcwNTJENDM2Qg --standalone")
        {
            config,
            clusterId,
            ignore,
            standalone,
            initial,
            none,
            release,
            features,
            json,
        };
        command.SetAction(parsed => new FormatCommand(
            parsed.GetRequiredValue(config),
            parsed.GetRequiredValue(clusterId),
            parsed.GetValue(ignore),
            new FirstVotersOptions(parsed.GetValue(standalone), parsed.GetValue(initial), parsed.GetValue(none)),
            parsed.GetValue(release),
            parsed.GetValue(features) ?? [],
            parsed.GetValue(json)).Run());
        return command;
    }

    public int Run() => CommandLine.Guard(() =>
    {
        NodeOptions options = NodeOptions.Read(PropertyFile.Read(ConfigFile).Select(p => KeyValuePair.Create(p.Key, p.Value)), out IReadOnlyList<string> warnings);
        foreach (string warning in warnings)
        {
            CommandLine.Complain(warning);
        }

        IReadOnlyList<string> formatted = NodeDirectories.Format(new SystemDisk(), options, ClusterId, ReadVersion(), ReadLevels(), Voters.Read(options), IgnoreFormatted);
        if (Json)
        {
            Outcome.Write(json: true, "", ("clusterId", ClusterId), ("node", options.NodeId), ("formatted", formatted));
            return ExitCode.Success;
        }

        foreach (string directory in formatted)
        {
            Console.Out.WriteLine($"Formatted {directory} for node {options.NodeId} of cluster {ClusterId}.");
        }

        if (formatted.Count == 0)
        {
            Console.Out.WriteLine("All directories are formatted already.");
        }

        return ExitCode.Success;
    });

    private MetadataVersion ReadVersion()
    {
        MetadataVersion version = MetadataVersion.Latest;
        if (ReleaseVersion is { } text && !MetadataVersion.TryParse(text, out version))
        {
            throw new CommandException(ExitCode.Usage, $"--release-version {text}: a version from {MetadataVersion.Lowest} to {MetadataVersion.Latest} is allowed");
        }

        return version;
    }

    private Dictionary<string, short> ReadLevels()
    {
        var levels = new Dictionary<string, short>(StringComparer.Ordinal);
        foreach ((string name, string text) in KeyValueList.Read("--feature", Features))
        {
            if (!FeatureTable.Supported.TryGetValue(name, out FeatureRange? range))
            {
                throw new CommandException(ExitCode.Usage, $"--feature {name}: known are {string.Join(", ", FeatureTable.Supported.Keys)}");
            }

            if (!short.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out short level) || (level != 0 && level < range.Lowest) || level > range.Highest)
            {
                throw new CommandException(ExitCode.Usage, $"--feature {name}={text}: a level from {range.Lowest} to {range.Highest} is allowed");
            }

            if (name == FeatureTable.Kraft && (level > 0) != Voters.AreInTheLog)
            {
                throw new CommandException(ExitCode.Usage, $"--feature {name}={text}: 1 goes with {FirstVotersOptions.Standalone}, {FirstVotersOptions.Initial} or {FirstVotersOptions.NoInitial}, 0 with controller.quorum.voters");
            }

            levels[name] = level;
        }

        MetadataVersion version = levels.TryGetValue(MetadataVersion.Feature, out short asked) ? new MetadataVersion(asked) : ReadVersion();
        foreach ((string name, short level) in levels)
        {
            if (FeatureTable.ProblemOf(name, level, version) is { } problem)
            {
                throw new CommandException(ExitCode.Usage, $"--feature {name}={level}: {problem}");
            }
        }

        return levels;
    }
}
