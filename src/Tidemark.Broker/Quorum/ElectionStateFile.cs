using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// <c>quorum-state</c>: epoch, vote and leader as JSON, in Kafka's version 0 (fixed voters, KIP-595) or 1 (voters in the log, KIP-853).
/// Replaced as a whole and flushed.
/// </summary>
internal static class ElectionStateFile
{
    private const string FileName = "quorum-state";

    /// <summary>What the file says; the initial state when there is none.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">The file is not what it should be: guessing an epoch could elect two leaders.</exception>
    public static ElectionState Read(IDisk disk, string directory)
    {
        string path = Path.Combine(directory, FileName);
        byte[]? content = AtomicFile.Read(disk, path, bytesMax: 1024 * 1024);
        if (content is null)
        {
            return ElectionState.Initial;
        }

        try
        {
            Dictionary<string, string> fields = Fields(content);
            int version = Number(fields, "data_version");
            if (version is not (0 or 1))
            {
                throw new InvalidDataException($"{path}: data_version {version} is not supported, only 0 and 1");
            }

            int leader = Number(fields, "leaderId");
            int voted = Number(fields, "votedId");
            Uuid directoryId = Uuid.Zero;
            if (version == 1 && !Uuid.TryParse(fields["votedDirectoryId"], out directoryId))
            {
                throw new InvalidDataException($"{path}: votedDirectoryId is not an id");
            }

            return new ElectionState(
                new LeaderEpoch(Number(fields, "leaderEpoch")),
                leader < 0 ? null : new BrokerId(leader),
                voted < 0 ? null : new ReplicaKey(new BrokerId(voted), directoryId));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <exception cref="IOException">The disk failed.</exception>
    public static void Write(IDisk disk, string directory, ElectionState state, VoterSet voters, bool durable = true)
    {
        int leader = state.Leader?.Value ?? -1;
        int voted = state.VotedFor?.Node.Value ?? -1;
        Uuid votedDirectory = state.VotedFor?.Directory ?? Uuid.Zero;
        string current = string.Join(',', voters.Voters.Select(voter => string.Create(CultureInfo.InvariantCulture, $$"""{"voterId":{{voter.Key.Node}}}""")));
        string text = voters.KRaftVersion == 0
            ? string.Create(CultureInfo.InvariantCulture, $$"""{"clusterId":"","leaderId":{{leader}},"leaderEpoch":{{state.Epoch}},"votedId":{{voted}},"appliedOffset":0,"currentVoters":[{{current}}],"data_version":0}""")
            : string.Create(CultureInfo.InvariantCulture, $$"""{"leaderId":{{leader}},"leaderEpoch":{{state.Epoch}},"votedId":{{voted}},"votedDirectoryId":"{{votedDirectory}}","data_version":1}""");
        AtomicFile.Write(disk, Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(text), durable);
    }

    /// <summary>The file's fields that are numbers or strings, as text. A whole document model would be much to load for one line at every start.</summary>
    private static Dictionary<string, string> Fields(byte[] content)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(content);
        string name = "";
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                name = reader.GetString()!;
            }
            else if (reader.CurrentDepth == 1 && reader.TokenType is JsonTokenType.Number or JsonTokenType.String)
            {
                fields[name] = Encoding.UTF8.GetString(reader.ValueSpan);
            }
        }

        return fields;
    }

    private static int Number(Dictionary<string, string> fields, string name) => int.Parse(fields[name], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
