using Microsoft.Extensions.Logging;
using Tidemark.Broker.Dispatch;

namespace Tidemark.Broker.Connections;

/// <summary>What all connections of a broker share.</summary>
/// <param name="OnClosed">Told when a connection is gone.</param>
public sealed record ConnectionServices(DispatchTable Table, ILogger Log, Action<ClientConnection> OnClosed);
