using Tidemark.Broker.Cluster;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Quorum;

/// <summary>A command on its way: waiting for its turn, then for its records to be committed.</summary>
internal abstract class PendingCommand : QuorumInput
{
    /// <summary>The moment, on the clock's timestamps, after which nobody waits for the answer any more.</summary>
    public required long Deadline { get; init; }

    /// <summary>
    /// False for what brokers ask for themselves: what they are told is in force where their own metadata says so, and no broker's session may wait for the
    /// logs of another one.
    /// </summary>
    public abstract bool AwaitsImage { get; }

    /// <summary>True when something was decided that all brokers should know before the answer is given.</summary>
    public bool AwaitsBrokers { get; protected set; }

    /// <summary>Decides in the driver's turn and answers with the records to append; an exception is kept for <see cref="Complete"/> and appends none.</summary>
    public abstract IReadOnlyList<MetadataRecord> Decide(ControllerContext context, out Exception? failure);

    /// <summary>Its answer becomes this error, to be given by <see cref="Complete"/>; nothing is decided.</summary>
    public abstract void Reject(ErrorCode error);

    /// <summary>Gives the answer: its records, and all before them, are committed and published.</summary>
    public abstract void Complete();

    public override void Refuse(ErrorCode error)
    {
        Reject(error);
        Complete();
    }
}

internal sealed class PendingCommand<T>(Func<ControllerContext, Decision<T>> decide, Func<ErrorCode, T> refusal) : PendingCommand
{
    private readonly TaskCompletionSource<T> _done = new();
    private T _response = default!;
    private Exception? _failure;

    public Task<T> Task => _done.Task;

    public override bool AwaitsImage =>
        typeof(T) != typeof(BrokerHeartbeatResponse) && typeof(T) != typeof(BrokerRegistrationResponse) && typeof(T) != typeof(AlterPartitionResponse);

    public override IReadOnlyList<MetadataRecord> Decide(ControllerContext context, out Exception? failure)
    {
        failure = null;
        try
        {
            Decision<T> decision = decide(context);
            _response = decision.Response;
            AwaitsBrokers = decision.Response is IApiResponse response && TopicChanges.AreMadeBy(response.Api) && decision.Records.Count > 0;
            return decision.Records;
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            _failure = failure = e;
            return [];
        }
    }

    public override void Reject(ErrorCode error) => _response = refusal(error);

    public override void Complete()
    {
        if (_failure is { } failure)
        {
            _done.TrySetException(failure);
        }
        else
        {
            _done.TrySetResult(_response);
        }
    }

    public override void Fail(Exception reason) => _done.TrySetException(reason);
}
