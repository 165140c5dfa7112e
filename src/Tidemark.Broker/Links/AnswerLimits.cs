using Tidemark.Protocol;

namespace Tidemark.Broker.Links;

/// <summary>The largest answer that a request may bring, so that a faulty peer costs a connection and not this node's memory.</summary>
internal static class AnswerLimits
{
    /// <summary>Answers of a fixed shape, with an endpoint or an error message in them at most.</summary>
    private const int Small = 64 * 1024;

    /// <summary>Answers that grow with partitions, or carry another answer: what a broker allows a request to be by default.</summary>
    private const int Listing = 100 * 1024 * 1024;

    /// <summary>
    /// Answers with records. The first batch comes whole whatever was asked for, and a topic may allow batches of any size; a buffer's
    /// memory follows the bytes received.
    /// </summary>
    private const int Records = 1 << 30;

    public static int Of(ApiKey api) => api switch
    {
        ApiKey.Fetch or ApiKey.FetchSnapshot => Records,
        ApiKey.ApiVersions or ApiKey.Vote or ApiKey.BeginQuorumEpoch or ApiKey.EndQuorumEpoch or ApiKey.BrokerRegistration
            or ApiKey.BrokerHeartbeat or ApiKey.ControllerRegistration or ApiKey.AllocateProducerIds or ApiKey.UpdateRaftVoter => Small,
        _ => Listing,
    };
}
