using Tidemark.Broker.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Broker.Dispatch;

/// <summary>
/// Serves one API. The dispatch table, the answer to ApiVersions and docs/PROTOCOL.md derive from the handlers that are registered.
/// </summary>
public interface IRequestHandler
{
    ApiKey Api { get; }

    /// <summary>The lowest version that is served.</summary>
    short LowestVersion { get; }

    /// <summary>The highest version that is served.</summary>
    short HighestVersion { get; }

    /// <summary>The lowest version told to clients, where that differs (Produce, whose old versions librdkafka looks at).</summary>
    short AdvertisedLowestVersion => LowestVersion;

    /// <summary>False: answered, and properly refused or empty, but not told to clients, which would otherwise use it in vain.</summary>
    bool IsAdvertised => true;

    /// <summary>
    /// True: while a request of this kind waits for its answer, later requests of the same connection are served already (their answers
    /// stay in order). False: they see what this one did, as a client that pipelines expects.
    /// </summary>
    bool LetsLaterRequestsPass => false;

    /// <summary>
    /// Takes over the request and answers it exactly once, now or later. Malformed content is thrown as <see cref="ProtocolException"/>
    /// and closes the connection. Any other exception is the broker's own failure, and <see cref="Refuse"/> answers for it.
    /// </summary>
    void Handle(Request request);

    /// <summary>Answers the whole request with an error, in the places where clients look for it. Its bytes are still there, and are read again.</summary>
    void Refuse(Request request, ErrorCode error);
}
