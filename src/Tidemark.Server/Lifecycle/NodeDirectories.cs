using Microsoft.Extensions.Logging;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Server.Configuration;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;

namespace Tidemark.Server.Lifecycle;

/// <summary>The log directories of a node: locked, and made sure that they are this node's.</summary>
public static partial class NodeDirectories
{
    /// <summary>
    /// Locks all directories and checks whose they are. A directory whose disk fails is left out with an error in the log, unless the
    /// metadata log is there. One that is not formatted is refused, as in Kafka: the place where a disk should be mounted looks like that,
    /// and the logs on it would begin anew.
    /// </summary>
    /// <exception cref="ConfigurationException">One is in use, is another node's, or is not formatted.</exception>
    public static IReadOnlyList<LogDirectory> Open(IDisk disk, NodeOptions options, ILogger log)
    {
        var opened = new List<LogDirectory>();
        try
        {
            foreach (string path in Paths(options))
            {
                try
                {
                    opened.Add(OpenOne(disk, path));
                }
                catch (IOException failure) when (path != options.MetadataDirectory)
                {
                    LogUnusable(log, path, failure.Message);
                }
            }

            if (opened.Find(d => d.Meta is null) is { } unformatted)
            {
                throw new ConfigurationException(opened.Find(d => d.Meta is not null)?.Meta is { } other
                    ? $"{unformatted.Path} is not formatted, and other directories of this node are: mount its disk or, if it is new, "
                        + $"run tidemark format --config FILE --cluster-id {other.ClusterId} --ignore-formatted first"
                    : $"{unformatted.Path} is not formatted: run tidemark format --config FILE --cluster-id ID first");
            }

            MetaProperties identity = opened.First(d => d.Path == options.MetadataDirectory).Meta!;
            foreach (LogDirectory directory in opened)
            {
                Identify(directory, directory.Meta!, identity, options.NodeId);
            }

            if (opened.GroupBy(d => d.Meta!.DirectoryId).FirstOrDefault(same => same.Count() > 1) is { } copies)
            {
                throw new ConfigurationException($"{string.Join(" and ", copies.Select(d => d.Path))} have the same directory.id, {copies.Key}, as if one were copied from the other: only one of them may be in log.dirs");
            }

            return opened;
        }
        catch
        {
            Close(opened);
            throw;
        }
    }

    /// <summary>Formats what is not formatted yet, under the locks of all directories. Answers the directories that were formatted now.</summary>
    /// <exception cref="ConfigurationException">One is in use, cannot be written, or is another node's.</exception>
    public static IReadOnlyList<string> Format(
        IDisk disk, NodeOptions options, string clusterId, MetadataVersion version, IReadOnlyDictionary<string, short> levels, IReadOnlyList<Voter>? firstVoters, bool ignoreFormatted)
    {
        if (!IsClusterId(clusterId))
        {
            throw new ConfigurationException("--cluster-id", clusterId, "visible ASCII characters other than a backslash are allowed; tidemark up makes 22 of URL-safe base64");
        }

        var opened = new List<LogDirectory>();
        try
        {
            opened.AddRange(Paths(options).Select(path => OpenOne(disk, path)));
            var format = new FormatOptions(clusterId, options.NodeId, options.LogDirectories, options.MetadataDirectory, version, levels, firstVoters, ignoreFormatted);
            return MetadataFormat.Format(disk, format, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), RandomId);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException)
        {
            throw new ConfigurationException($"cannot format: {failure.Message}");
        }
        finally
        {
            Close(opened);
        }
    }

    /// <summary>A random id that does not begin with a dash, which command lines would take for an option.</summary>
    public static Uuid RandomId()
    {
        Span<byte> random = stackalloc byte[16];
        Uuid id;
        do
        {
            SystemRandom.Fill(random);
            id = Uuid.FromRandom(random);
        }
        while (id.ToString().StartsWith('-'));
        return id;
    }

    /// <summary>
    /// To Kafka an id is any text, and clusters have been given names and base64 of the other alphabet. Left out is what a line of
    /// <c>meta.properties</c> would have to escape.
    /// </summary>
    private static bool IsClusterId(string text) => text.Length > 0 && text.All(c => c is > ' ' and < '\x7f' and not '\\');

    /// <summary>The metadata directory first, so that two processes on the same directories collide on the same one.</summary>
    private static IEnumerable<string> Paths(NodeOptions options) => options.LogDirectories.Prepend(options.MetadataDirectory).Distinct();

    private static LogDirectory OpenOne(IDisk disk, string path)
    {
        try
        {
            return LogDirectory.Open(disk, path);
        }
        catch (LogDirectoryInUseException)
        {
            throw new ConfigurationException($"the directory {path} is in use by another process");
        }
        catch (InvalidDataException broken)
        {
            throw new ConfigurationException(broken.Message);
        }
    }

    private static void Identify(LogDirectory directory, MetaProperties meta, MetaProperties identity, int nodeId)
    {
        if (meta.NodeId != nodeId)
        {
            throw new ConfigurationException($"{directory.Path} belongs to node {meta.NodeId}, and this is node.id={nodeId}");
        }

        if (meta.ClusterId != identity.ClusterId)
        {
            throw new ConfigurationException($"{directory.Path} belongs to cluster {meta.ClusterId}, and the metadata directory to {identity.ClusterId}");
        }

        if (meta.DirectoryId.IsZero)
        {
            // Formatted by a Kafka older than ids of directories.
            directory.Format(meta with { DirectoryId = RandomId() });
        }
    }

    private static void Close(List<LogDirectory> opened) => opened.ForEach(d => d.Dispose());

    [LoggerMessage(EventId = 5011, Level = LogLevel.Error, Message = "Log directory {Path} cannot be used and is left out: {Reason}")]
    private static partial void LogUnusable(ILogger log, string path, string reason);
}
