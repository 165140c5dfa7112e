using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Connections;

/// <summary>What a broker said it speaks, and the versions to speak with it.</summary>
public sealed class ApiVersionTable
{
    private readonly Dictionary<short, (short Lowest, short Highest)> _ranges;

    internal ApiVersionTable(ApiVersionsResponse response)
    {
        _ranges = response.ApiKeys.ToDictionary(api => api.ApiKey, api => (api.MinVersion, api.MaxVersion));
        Response = response;
    }

    /// <summary>The broker's whole answer, with its feature levels.</summary>
    public ApiVersionsResponse Response { get; }

    public bool IsSupported(ApiKey api) => TryChoose(api, short.MaxValue, out _);

    /// <summary>The highest version that both sides speak, no higher than <paramref name="highest"/>.</summary>
    /// <exception cref="UnsupportedApiException">There is none.</exception>
    public short Choose(ApiKey api, short highest = short.MaxValue) => TryChoose(api, highest, out short version)
        ? version
        : throw new UnsupportedApiException(_ranges.TryGetValue((short)api, out (short Lowest, short Highest) range)
            ? $"The broker speaks {api} in versions {range.Lowest} to {range.Highest}, which this client does not"
            : $"The broker does not offer {api}");

    private bool TryChoose(ApiKey api, short highest, out short version)
    {
        ApiDescriptor ours = MessageCatalog.Api(api);
        if (_ranges.TryGetValue((short)api, out (short Lowest, short Highest) theirs))
        {
            version = Math.Min(highest, Math.Min(ours.HighestStableVersion, theirs.Highest));
            return version >= Math.Max(ours.LowestVersion, theirs.Lowest);
        }

        version = -1;
        return false;
    }
}
