using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>What the members speak among each other, and which topics they read as far as that can be seen.</summary>
public sealed partial class ClassicGroup
{
    /// <summary>How many buckets Java's map of a few strings has; a tie of votes goes to the protocol that stands first in it.</summary>
    private const int JavaBuckets = 16;

    private readonly Dictionary<string, int> _offers = new(StringComparer.Ordinal);

    /// <summary>The topics that the generation reads; null when the protocol is not the consumers', or cannot be read.</summary>
    internal IReadOnlySet<string>? Topics { get; private set; }

    /// <summary>True when a member that offers these could speak with all others.</summary>
    internal bool Supports(string protocolType, IReadOnlyList<ClassicProtocol> protocols) =>
        Phase == ClassicState.Empty
            ? protocolType.Length > 0 && protocols.Count > 0
            : ProtocolType == protocolType && protocols.Any(p => _offers.GetValueOrDefault(p.Name) == _members.Count);

    /// <summary>The protocol with the most votes: each member votes for the first of its own that all members offer.</summary>
    internal string ChooseProtocol()
    {
        var votes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ClassicMember member in _members.Values)
        {
            string? vote = member.Protocols.FirstOrDefault(p => _offers[p.Name] == _members.Count)?.Name;
            Invariant.Require(vote is not null, "members of one group have a protocol in common");
            votes[vote] = votes.GetValueOrDefault(vote) + 1;
        }

        return votes.OrderByDescending(v => v.Value).ThenBy(v => JavaBucket(v.Key)).First().Key;
    }

    private static int JavaBucket(string name)
    {
        int hash = KeyPartition.HashOf(name);
        return (hash ^ (hash >>> 16)) & (JavaBuckets - 1);
    }

    private void Count(ClassicMember member, int by)
    {
        foreach (ClassicProtocol protocol in member.Protocols)
        {
            int offers = _offers.GetValueOrDefault(protocol.Name) + by;
            if (offers == 0)
            {
                _offers.Remove(protocol.Name);
            }
            else
            {
                _offers[protocol.Name] = offers;
            }
        }
    }

    private void LearnTopics()
    {
        Topics = null;
        if (ProtocolType != ConsumerProtocolType || (Protocol is null && _members.Count > 0))
        {
            return;
        }

        var topics = new HashSet<string>(StringComparer.Ordinal);
        foreach (ClassicMember member in _members.Values)
        {
            if (EmbeddedProtocol.TopicsOf(member.MetadataOf(Protocol)) is not { } read)
            {
                return;
            }

            topics.UnionWith(read);
        }

        Topics = topics;
    }
}
