using System.Globalization;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Server.Configuration;

namespace Tidemark.Commands;

/// <summary>
/// How <c>tidemark format</c> is told who votes first where the quorum keeps its voters in the metadata log (KIP-853), with the options of Kafka's
/// storage tool and its rules. A controller without <c>controller.quorum.voters</c> needs one of them; with that key they are refused, because
/// it fixes the voters.
/// </summary>
/// <param name="IsStandalone">This node alone.</param>
/// <param name="InitialControllers">id@host:port:directory, with commas between them; the directory is that of the metadata log.</param>
/// <param name="IsObserver">Nobody that this node knows of: it observes until it is added.</param>
internal sealed record FirstVotersOptions(bool IsStandalone, string? InitialControllers, bool IsObserver)
{
    public const string Standalone = "--standalone";
    public const string Initial = "--initial-controllers";
    public const string NoInitial = "--no-initial-controllers";

    public static FirstVotersOptions From(QuickArguments read) => new(read.Has(Standalone), read.Find(Initial), read.Has(NoInitial));

    /// <summary>Whether the quorum's voters stand in its log.</summary>
    public bool AreInTheLog => IsStandalone || IsObserver || InitialControllers is not null;

    /// <summary>The first voters; null when this node's directory names none.</summary>
    /// <exception cref="CommandException">The options do not fit each other or the node's properties.</exception>
    public IReadOnlyList<Voter>? Read(NodeOptions options)
    {
        bool hasFixedVoters = !options.Config.GetList("controller.quorum.voters").IsEmpty;
        if ((IsStandalone ? 1 : 0) + (IsObserver ? 1 : 0) + (InitialControllers is null ? 0 : 1) > 1)
        {
            throw Wrong($"only one of {Standalone}, {Initial} and {NoInitial} is allowed");
        }

        if (IsStandalone && !options.IsController)
        {
            throw Wrong($"{Standalone} is only for a node with the role controller");
        }

        if (hasFixedVoters && (IsStandalone || InitialControllers is not null))
        {
            throw Wrong($"controller.quorum.voters fixes the voters, so {Standalone} and {Initial} are not allowed; set controller.quorum.bootstrap.servers instead of it");
        }

        if (!hasFixedVoters && options.IsController && !AreInTheLog)
        {
            throw Wrong($"controller.quorum.voters is not set, so one of {Standalone}, {Initial} and {NoInitial} is needed");
        }

        return IsStandalone ? [new Voter(new ReplicaKey(new BrokerId(options.NodeId), Uuid.Zero), [EndpointOf(options)])]
            : InitialControllers is { } list ? ReadList(list, options)
            : null;
    }

    private static VoterEndpoint EndpointOf(NodeOptions options)
    {
        Listener listener = options.AdvertisedControllers[0];
        return new VoterEndpoint(listener.Name, listener.Host, (ushort)listener.Port);
    }

    private static List<Voter> ReadList(string list, NodeOptions options)
    {
        List<Voter> voters = [.. list.Split(',').Select(text => ReadVoter(text.Trim(), options.ControllerListenerNames[0]))];
        return voters.Select(voter => voter.Key.Node).Distinct().Count() == voters.Count ? voters : throw Wrong($"{Initial} {list}: a node comes twice");
    }

    private static Voter ReadVoter(string text, string listenerName)
    {
        int at = text.IndexOf('@');
        int beforeDirectory = text.LastIndexOf(':');
        int beforePort = beforeDirectory > 0 ? text.LastIndexOf(':', beforeDirectory - 1) : -1;
        if (at < 0 || beforePort <= at + 1
            || !int.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || !ushort.TryParse(text.AsSpan(beforePort + 1, beforeDirectory - beforePort - 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || !Uuid.TryParse(text[(beforeDirectory + 1)..], out Uuid directory) || directory.IsZero)
        {
            throw Wrong($"{Initial} {text}: id@host:port:directory is allowed, with commas between several, the directory as 22 characters of URL-safe base64");
        }

        return new Voter(new ReplicaKey(new BrokerId(id), directory), [new VoterEndpoint(listenerName, text[(at + 1)..beforePort].Trim('[', ']'), port)]);
    }

    private static CommandException Wrong(string message) => new(ExitCode.Usage, message);
}
