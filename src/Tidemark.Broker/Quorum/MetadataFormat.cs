using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Quorum;

/// <summary>How a node's directories are made ready for their first start.</summary>
/// <param name="ClusterId">The cluster that the node belongs to.</param>
/// <param name="Directories">All log directories, the metadata log's included.</param>
/// <param name="MetadataDirectory">The one that holds the metadata log.</param>
/// <param name="Version">The metadata version of a new cluster.</param>
/// <param name="Levels">Levels of features that differ from the standard of that version; 0 leaves a feature out.</param>
/// <param name="FirstVoters">
/// The first voters of a quorum that keeps them in the log (KIP-853), the same for all nodes; null for fixed voters, and for a node that observes until it is
/// added. This node's entry names the directory of its metadata log, or none for one that is drawn now.
/// </param>
/// <param name="IgnoreFormatted">True to leave directories that are formatted already as they are, false to refuse.</param>
public sealed record FormatOptions(
    string ClusterId,
    int NodeId,
    IReadOnlyList<string> Directories,
    string MetadataDirectory,
    MetadataVersion Version,
    IReadOnlyDictionary<string, short> Levels,
    IReadOnlyList<Voter>? FirstVoters,
    bool IgnoreFormatted);

/// <summary>
/// Formats directories as Kafka's storage tool does: meta.properties in each, bootstrap.checkpoint with the features' levels, and for one of
/// the first voters the snapshot that names them all.
/// </summary>
public static class MetadataFormat
{
    /// <summary>The name of the file with the first records.</summary>
    public const string BootstrapFileName = "bootstrap.checkpoint";

    /// <summary>Formats what is not formatted yet.</summary>
    /// <param name="nowMs">The time that the records get.</param>
    /// <param name="newId">Gives a new random id each time.</param>
    /// <returns>The directories that were formatted now.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">A directory is formatted already, for another cluster or node, or without leave to ignore that.</exception>
    public static IReadOnlyList<string> Format(IDisk disk, FormatOptions options, long nowMs, Func<Uuid> newId)
    {
        var open = new List<string>();
        foreach (string directory in options.Directories.Append(options.MetadataDirectory).Distinct())
        {
            if (MetaProperties.Read(disk, directory) is not { } meta)
            {
                open.Add(directory);
            }
            else if (meta.ClusterId != options.ClusterId || meta.NodeId != options.NodeId)
            {
                throw new InvalidDataException($"{directory} belongs to node {meta.NodeId} of cluster {meta.ClusterId}, not to node {options.NodeId} of cluster {options.ClusterId}");
            }
            else if (!options.IgnoreFormatted)
            {
                throw new InvalidDataException($"{directory} is formatted already; --ignore-formatted leaves such directories as they are");
            }
        }

        foreach (string directory in open)
        {
            CreateDurably(disk, Path.GetFullPath(directory));
            Voter? own = directory == options.MetadataDirectory ? options.FirstVoters?.FirstOrDefault(voter => voter.Key.Node.Value == options.NodeId) : null;
            Uuid id = own is { Key.Directory.IsZero: false } ? own.Key.Directory : newId();
            var bootstrap = new Snapshot([.. FirstRecords(options)], 0, 0, null);
            SnapshotFile.Write(disk, Path.Combine(directory, BootstrapFileName), bootstrap, new LeaderEpoch(0), nowMs);
            if (own is not null)
            {
                string log = Path.Combine(directory, LogDirectory.MetadataDirectoryName);
                disk.CreateDirectory(log);
                disk.SyncDirectory(directory);
                var voters = new Snapshot([], nowMs, 1, [.. options.FirstVoters!.Select(voter => voter == own ? own with { Key = own.Key with { Directory = id } } : voter)]);
                var first = new SnapshotId(Offset.Zero, new LeaderEpoch(0));
                SnapshotFile.Write(disk, Path.Combine(log, first.FileName), voters, first.Epoch, nowMs);
            }

            // Last: only this file makes the directory a formatted one.
            new MetaProperties(options.ClusterId, options.NodeId, id).Write(disk, directory);
        }

        return open;
    }

    /// <summary>A directory whose name a loss of power does not take away again, with all that was acknowledged in it.</summary>
    private static void CreateDurably(IDisk disk, string directory)
    {
        if (disk.DirectoryExists(directory) || Path.GetDirectoryName(directory) is not { } parent)
        {
            return;
        }

        CreateDurably(disk, parent);
        disk.CreateDirectory(directory);
        disk.SyncDirectory(parent);
    }

    private static IEnumerable<MetadataRecord> FirstRecords(FormatOptions options)
    {
        foreach (MetadataRecord record in WriteFirstRecords.Standard(options.Version))
        {
            var level = (FeatureLevelRecord)record.Message;
            if (!options.Levels.TryGetValue(level.Name, out short other))
            {
                yield return record;
            }
            else if (other > 0)
            {
                yield return new MetadataRecord(new FeatureLevelRecord { Name = level.Name, FeatureLevel = other }, 0);
            }
        }

        HashSet<string> standard = [.. WriteFirstRecords.Standard(options.Version).Select(record => ((FeatureLevelRecord)record.Message).Name)];
        foreach ((string name, short level) in options.Levels.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            if (level > 0 && name != FeatureTable.Kraft && !standard.Contains(name))
            {
                yield return new MetadataRecord(new FeatureLevelRecord { Name = name, FeatureLevel = level }, 0);
            }
        }
    }
}
