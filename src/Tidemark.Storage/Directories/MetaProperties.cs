using System.Globalization;
using System.Text;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Directories;

/// <summary>
/// <c>meta.properties</c>, version 1: whose directory this is. Without it a directory is not formatted, and with another cluster's or
/// another node's a broker must not touch it.
/// </summary>
public sealed record MetaProperties(string ClusterId, int NodeId, Uuid DirectoryId)
{
    public const string FileName = "meta.properties";

    /// <summary>Null when there is no such file: the directory is not formatted.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">The file does not say what it must; the message says what is wrong.</exception>
    public static MetaProperties? Read(IDisk disk, string directory)
    {
        string path = Path.Combine(directory, FileName);
        byte[]? content = AtomicFile.Read(disk, path, bytesMax: 1024 * 1024);
        if (content is null)
        {
            return null;
        }

        Dictionary<string, string> values = Parse(Encoding.UTF8.GetString(content));
        string version = Required(values, "version", path);
        if (version != "1")
        {
            throw new InvalidDataException($"{path}: version {version} is not supported, only 1");
        }

        if (!int.TryParse(Required(values, "node.id", path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int nodeId))
        {
            throw new InvalidDataException($"{path}: node.id is not a number");
        }

        // Directories formatted before Kafka 3.7 have no id of their own.
        Uuid id = Uuid.Zero;
        if (values.TryGetValue("directory.id", out string? text) && !Uuid.TryParse(text, out id))
        {
            throw new InvalidDataException($"{path}: directory.id is not an id");
        }

        return new MetaProperties(Required(values, "cluster.id", path), nodeId, id);
    }

    /// <exception cref="IOException">The disk failed.</exception>
    public void Write(IDisk disk, string directory)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture, $"#\ncluster.id={ClusterId}\ndirectory.id={DirectoryId}\nnode.id={NodeId}\nversion=1\n");
        AtomicFile.Write(disk, Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(text));
    }

    private static Dictionary<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.Trim();
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && line[0] is not ('#' or '!'))
            {
                values[line[..equals].TrimEnd()] = line[(equals + 1)..].TrimStart().Replace("\\", string.Empty, StringComparison.Ordinal);
            }
        }

        return values;
    }

    private static string Required(Dictionary<string, string> values, string key, string path) =>
        values.TryGetValue(key, out string? value) && value.Length > 0 ? value : throw new InvalidDataException($"{path}: {key} is missing");
}
