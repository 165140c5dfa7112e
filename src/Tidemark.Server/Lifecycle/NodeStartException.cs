namespace Tidemark.Server.Lifecycle;

/// <summary>A node cannot start or go on. The message is one line for its operator.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
