using Tidemark.Protocol;

namespace Tidemark.Broker.Dispatch;

/// <summary>A served API, as documented and advertised.</summary>
public sealed record ServedApi(ApiKey Api, short LowestVersion, short HighestVersion, short AdvertisedLowestVersion, bool IsAdvertised);

/// <summary>Finds the handler of a request by its API key. Immutable once built.</summary>
public sealed class DispatchTable
{
    private readonly IRequestHandler?[] _byKey;

    public DispatchTable(IEnumerable<IRequestHandler> handlers)
    {
        IRequestHandler[] all = [.. handlers.OrderBy(h => h.Api)];
        _byKey = new IRequestHandler?[all.Length == 0 ? 0 : (int)all[^1].Api + 1];
        foreach (IRequestHandler handler in all)
        {
            if (_byKey[(int)handler.Api] is not null)
            {
                throw new ArgumentException($"Two handlers for {handler.Api}.", nameof(handlers));
            }

            _byKey[(int)handler.Api] = handler;
        }

        Served = [.. all.Select(h => new ServedApi(h.Api, h.LowestVersion, h.HighestVersion, h.AdvertisedLowestVersion, h.IsAdvertised))];
    }

    /// <summary>What is served, by API key.</summary>
    public IReadOnlyList<ServedApi> Served { get; }

    /// <summary>Every handler, by API key.</summary>
    public IEnumerable<IRequestHandler> All => _byKey.OfType<IRequestHandler>();

    /// <summary>The handler of an API key whatever the version, or null.</summary>
    public IRequestHandler? Find(short apiKey) => (uint)apiKey < (uint)_byKey.Length ? _byKey[apiKey] : null;
}
