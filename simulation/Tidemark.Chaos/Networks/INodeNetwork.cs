namespace Tidemark.Chaos.Networks;

/// <summary>Where a node listens, and what it tells others of that.</summary>
internal sealed record NodeEndpoints(string Broker, string Controller, string AdvertisedBroker, string AdvertisedController);

/// <summary>What lies between the nodes, and between them and the clients, and can be cut.</summary>
internal interface INodeNetwork : IAsyncDisposable
{
    /// <summary>In a word or two, to be printed.</summary>
    string Kind { get; }

    NodeEndpoints Of(int node);

    /// <summary>The command that runs a program on the node's place in the network.</summary>
    (string File, IReadOnlyList<string> Arguments) Launch(int node, string program, IReadOnlyList<string> arguments);

    /// <summary>Tells which process a node is, whenever it was started.</summary>
    void Started(int node, int process);

    /// <summary>The node hears nobody, clients included, and nobody hears it. Connections stay; their bytes do not arrive.</summary>
    Task IsolateAsync(int node);

    /// <summary>What one node sends another does not arrive.</summary>
    Task CutAsync(int from, int to);

    /// <summary>Everything arrives again.</summary>
    Task HealAsync();
}
