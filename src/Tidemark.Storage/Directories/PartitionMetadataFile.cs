using System.Text;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Directories;

/// <summary>
/// <c>partition.metadata</c>: the id of the topic whose partition the directory holds, which a topic that was deleted and created again
/// under the same name does not share.
/// </summary>
internal static class PartitionMetadataFile
{
    public const string FileName = "partition.metadata";
    private const string IdField = "topic_id:";

    /// <summary>
    /// Not flushed before the log's first records are: a file that a loss of power left empty is read as none, and then the name decides, as it did
    /// when it was made.
    /// </summary>
    public static void Write(IDisk disk, string directory, Uuid topicId) =>
        AtomicFile.Write(disk, Path.Combine(directory, FileName), Encoding.UTF8.GetBytes($"version: 0\ntopic_id: {topicId}"), durable: false);

    /// <summary>The topic's id; zero when the file is absent or says nothing that can be understood.</summary>
    public static Uuid Read(IDisk disk, string directory)
    {
        byte[]? content = AtomicFile.Read(disk, Path.Combine(directory, FileName), bytesMax: 4096);
        foreach (string line in Encoding.UTF8.GetString(content ?? []).Split('\n'))
        {
            if (line.StartsWith(IdField, StringComparison.Ordinal) && Uuid.TryParse(line[IdField.Length..].Trim(), out Uuid id))
            {
                return id;
            }
        }

        return Uuid.Zero;
    }
}
