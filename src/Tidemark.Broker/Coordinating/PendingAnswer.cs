using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>A request that a shard has been given and that is not answered yet.</summary>
internal abstract class PendingAnswer
{
    /// <summary>The number under which the shard knows it.</summary>
    public long Ticket { get; set; }

    /// <summary>Completes it with what the shard decided.</summary>
    public abstract void Give(object response);

    /// <summary>Completes it with an error, in the places where its clients look for one.</summary>
    public abstract void Refuse(ErrorCode error);
}

/// <inheritdoc/>
internal sealed class PendingAnswer<TResponse>(Func<ErrorCode, TResponse> refusal) : PendingAnswer
{
    private readonly TaskCompletionSource<TResponse> _answer = new();

    public ValueTask<TResponse> Answer => new(_answer.Task);

    public override void Give(object response) => _answer.TrySetResult((TResponse)response);

    public override void Refuse(ErrorCode error) => _answer.TrySetResult(refusal(error));
}
