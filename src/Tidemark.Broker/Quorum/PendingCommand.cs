using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Records;

namespace Tidemark.Broker.Quorum;

/// <summary>A command on its way: waiting for its turn, then for its records to be committed.</summary>
internal abstract class PendingCommand
{
    /// <summary>Decides in the driver's turn and answers with the records to append.</summary>
    public abstract IReadOnlyList<MetadataRecord> Decide(ControllerContext context);

    /// <summary>Its records, and all before them, are committed and published.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception reason);
}

internal sealed class PendingCommand<T>(Func<ControllerContext, Decision<T>> decide) : PendingCommand
{
    private readonly TaskCompletionSource<T> _done = new();
    private T _response = default!;

    public Task<T> Task => _done.Task;

    public override IReadOnlyList<MetadataRecord> Decide(ControllerContext context)
    {
        Decision<T> decision = decide(context);
        _response = decision.Response;
        return decision.Records;
    }

    public override void Complete() => _done.TrySetResult(_response);

    public override void Fail(Exception reason) => _done.TrySetException(reason);
}
