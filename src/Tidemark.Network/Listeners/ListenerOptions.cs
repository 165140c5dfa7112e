namespace Tidemark.Network.Listeners;

/// <summary>One entry of <c>listeners</c>.</summary>
public sealed record ListenerOptions
{
    /// <summary>The name before <c>://</c>, which also stands in <c>listener.security.protocol.map</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The address or host name to bind to; empty for every address of the machine.</summary>
    public string Host { get; init; } = "";

    /// <summary>The port; 0 lets the operating system choose a free one.</summary>
    public required int Port { get; init; }

    /// <summary>Connections that wait to be accepted (<c>socket.listen.backlog.size</c>).</summary>
    public int Backlog { get; init; } = 50;

    /// <summary>
    /// True when who connects before the start is refused; otherwise it waits in the backlog until it is served. Others of a cluster tell by a
    /// port that refuses them that the process which listened there is gone. A next life that let them wait would hide that.
    /// </summary>
    public bool RefusesUntilStarted { get; init; }
}

/// <summary>A listener as it is bound, with the port that was chosen for it.</summary>
public sealed record BoundListener(string Name, string Host, int Port);

/// <summary>A listener cannot be bound, for example because its port is in use. The message is fit to be shown as the one line of an error.</summary>
public sealed class ListenerBindException(string message, Exception inner) : Exception(message, inner);
