using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Client;

/// <summary>Why something asked of the cluster was not done. The message is fit to be shown to a user.</summary>
public class ClientException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The request that was sent and not answered, so that nobody knows whether it was carried out; null where none was.</summary>
    public ApiKey? Unanswered { get; init; }
}

/// <summary>The broker answered with an error code.</summary>
public sealed class BrokerErrorException(ErrorCode code, string what, string? detail = null)
    : ClientException($"{what}: {code.KafkaName()}{(string.IsNullOrEmpty(detail) ? "" : $" ({detail})")}")
{
    public ErrorCode Code => code;

    /// <summary>Throws unless the code says that all is well.</summary>
    public static void ThrowIfError(ErrorCode code, string what, string? detail = null)
    {
        if (code != ErrorCode.None)
        {
            throw new BrokerErrorException(code, what, detail);
        }
    }
}

/// <summary>
/// Another producer began with the same transactional id, or this one's transaction was open for longer than its timeout. What was not committed is aborted;
/// this producer can do nothing more.
/// </summary>
public sealed class ProducerFencedException(string transactionalId, Exception? inner = null)
    : ClientException($"Transactional id {transactionalId} was fenced: another producer began with it, or the transaction was open for longer than its timeout", inner);

/// <summary>A broker cannot be reached, or the connection to it broke off.</summary>
public sealed class BrokerUnreachableException(string message, Exception? inner = null) : ClientException(message, inner);

/// <summary>An answer did not come in time. Whether the request was carried out is not known.</summary>
public sealed class RequestTimedOutException(string message) : ClientException(message);

/// <summary>The broker speaks no version of an API that this client speaks.</summary>
public sealed class UnsupportedApiException(string message) : ClientException(message);
