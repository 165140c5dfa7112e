using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Links;

/// <summary>What a peer said it speaks.</summary>
internal sealed class PeerVersions
{
    private readonly Dictionary<short, (short Lowest, short Highest)> _ranges = [];

    public PeerVersions(ApiVersionsResponse response)
    {
        foreach (ApiVersionsResponse.ApiVersion api in response.ApiKeys)
        {
            _ranges[api.ApiKey] = (api.MinVersion, api.MaxVersion);
        }
    }

    /// <summary>The highest version that the peer and the range have in common; else why there is none.</summary>
    public bool TryChoose(ApiKey api, short lowest, short highest, out short version, out string? refusal)
    {
        version = -1;
        if (!_ranges.TryGetValue((short)api, out (short Lowest, short Highest) theirs))
        {
            refusal = "the peer does not serve it";
            return false;
        }

        version = Math.Min(highest, theirs.Highest);
        refusal = version >= Math.Max(lowest, theirs.Lowest) ? null
            : $"the peer serves versions {theirs.Lowest} to {theirs.Highest}, wanted are {lowest} to {highest}";
        return refusal is null;
    }
}
