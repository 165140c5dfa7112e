using Microsoft.Extensions.Logging;
using Tidemark.Broker.Links;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Reaches the active controller, in this process or another, for what the broker itself asks of it. It follows the leadership: where
/// nobody leads, the leader does not answer or says that it leads no more, it looks again a little later, until the time given is over.
/// What is asked this way may be asked twice without harm.
/// </summary>
public sealed class ControllerChannel(IQuorumView quorum, MetadataDriver driver, NodeLinks links, DelayQueue delays, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_pauseMax = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// One attempt may not use up all the time: an answer that was lost on the way is asked for again. A controller that is merely busy
    /// has far less than this to do.
    /// </summary>
    private static readonly TimeSpan s_attemptMax = TimeSpan.FromSeconds(5);

    /// <summary>Asks, and answers what the controller said; NotController never comes back.</summary>
    /// <param name="purpose">Requests of one purpose share a connection and wait for each other.</param>
    /// <param name="errorOf">The answer's error for the whole.</param>
    /// <param name="decide">What to submit where this node is the controller.</param>
    /// <param name="refusal">The answer that carries an error for the whole.</param>
    /// <exception cref="TimeoutException">No controller answered in the time given.</exception>
    public async ValueTask<TResponse> Ask<TRequest, TResponse>(
        string purpose,
        TRequest request,
        TimeSpan timeout,
        Func<ControllerContext, Decision<TResponse>> decide,
        Func<ErrorCode, TResponse> refusal,
        Func<TResponse, ErrorCode> errorOf)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : IApiResponse, IMessage<TResponse>
    {
        long start = time.GetTimestamp();
        TimeSpan pause = s_firstPause;
        while (true)
        {
            ControllerLocation at = quorum.Controller;
            TimeSpan left = timeout - time.GetElapsedTime(start);
            string problem = "nobody is known to lead the metadata quorum";
            try
            {
                if (at.IsLocal || at.Address is not null)
                {
                    TResponse response = at.IsLocal
                        ? await driver.Submit(decide, refusal, (int)left.TotalMilliseconds)
                        : await links.To(at.Address!.Value, purpose).Send<TRequest, TResponse>(request, left < s_attemptMax ? left : s_attemptMax);
                    if (errorOf(response) != ErrorCode.NotController)
                    {
                        return response;
                    }

                    problem = $"node {at.Node} says that it is not the controller";
                }
            }
            catch (LinkException e) when (e.Failure != LinkFailure.UnsupportedVersion)
            {
                problem = e.Message;
            }

            if (time.GetElapsedTime(start) + pause >= timeout)
            {
                ChannelLog.NoController(log, request.Api, problem);
                throw new TimeoutException($"No controller answered {request.Api} within {timeout.TotalMilliseconds:0} ms: {problem}");
            }

            await delays.After(pause);
            pause = pause * 2 < s_pauseMax ? pause * 2 : s_pauseMax;
        }
    }

    /// <summary>The time that <see cref="Forward"/> counts from.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>
    /// Passes a client's request on as it is (Envelope, KIP-590), at the latest when <paramref name="timeout"/> has passed since
    /// <paramref name="start"/>. Null when no controller could be reached in time; NOT_CONTROLLER when this node has become it, and nowhere else.
    /// </summary>
    /// <param name="purpose">As for <see cref="Ask"/>.</param>
    public async ValueTask<EnvelopeResponse?> Forward(string purpose, EnvelopeRequest request, long start, TimeSpan timeout)
    {
        TimeSpan pause = s_firstPause;
        while (true)
        {
            ControllerLocation at = quorum.Controller;
            if (at.IsLocal)
            {
                return new EnvelopeResponse { ErrorCode = ErrorCode.NotController };
            }

            if (at is { Address: { } address })
            {
                try
                {
                    EnvelopeResponse response = await links.To(address, purpose).Send<EnvelopeRequest, EnvelopeResponse>(request, timeout - time.GetElapsedTime(start));
                    if (response.ErrorCode != ErrorCode.NotController)
                    {
                        return response;
                    }
                }
                catch (LinkException e) when (e.Failure != LinkFailure.UnsupportedVersion && !e.WasSent)
                {
                    // It never left, so it may be sent again; what was sent may have been carried out.
                }
                catch (LinkException e)
                {
                    ChannelLog.NoController(log, ApiKey.Envelope, e.Message);
                    return null;
                }
            }

            if (time.GetElapsedTime(start) + pause >= timeout)
            {
                return null;
            }

            await delays.After(pause);
            pause = pause * 2 < s_pauseMax ? pause * 2 : s_pauseMax;
        }
    }

    /// <summary>Waits before the controller is looked for anew; false when <paramref name="timeout"/> has passed since <paramref name="start"/> by then.</summary>
    public async ValueTask<bool> Pause(long start, TimeSpan timeout)
    {
        await delays.After(s_pauseMax);
        return time.GetElapsedTime(start) < timeout;
    }
}

/// <summary>What is logged of the way to the controller. Event ids 1500–1509.</summary>
internal static partial class ChannelLog
{
    [LoggerMessage(1500, LogLevel.Warning, "No controller answered {Api}: {Problem}")]
    public static partial void NoController(ILogger log, ApiKey api, string problem);
}
