using Tidemark.Primitives;

namespace Tidemark.Client;

/// <summary>Why something asked of the cluster was not done. The message is fit to be shown to a user.</summary>
public class ClientException(string message, Exception? inner = null) : Exception(message, inner);

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

/// <summary>A broker cannot be reached, or the connection to it broke off.</summary>
public sealed class BrokerUnreachableException(string message, Exception? inner = null) : ClientException(message, inner);

/// <summary>An answer did not come in time. Whether the request was carried out is not known.</summary>
public sealed class RequestTimedOutException(string message) : ClientException(message);

/// <summary>The broker speaks no version of an API that this client speaks.</summary>
public sealed class UnsupportedApiException(string message) : ClientException(message);
