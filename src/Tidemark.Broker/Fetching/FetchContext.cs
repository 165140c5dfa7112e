using Tidemark.Primitives;

namespace Tidemark.Broker.Fetching;

/// <summary>
/// What a fetch request reads and how its answer is told, by the kind of session it belongs to (KIP-227):
/// none (<see cref="SessionlessContext"/>), a new one (<see cref="NewSessionContext"/>), or one that goes on (<see cref="IncrementalContext"/>).
/// </summary>
internal abstract class FetchContext(FetchTargets targets)
{
    public FetchTargets Targets => targets;

    /// <summary>Held while the targets are read and told; only a session's need it.</summary>
    public abstract Lock? Lock { get; }

    /// <summary>Called under the lock before anything is told: whether the session still stands where the request left it.</summary>
    public virtual ErrorCode CheckCurrent() => ErrorCode.None;

    /// <summary>The session id to answer.</summary>
    public abstract int SessionId { get; }

    /// <summary>Called once before the answer is written, with the results in the order of the targets.</summary>
    public virtual void BeforeTelling(ReadOnlySpan<FetchedPartition> results)
    {
    }

    /// <summary>Whether the answer mentions the partition.</summary>
    public abstract bool MustTell(in FetchedPartition fetched);
}

/// <summary>A full request that wants no session. Everything is told.</summary>
internal sealed class SessionlessContext(FetchTargets targets) : FetchContext(targets)
{
    public override Lock? Lock => null;

    public override int SessionId => 0;

    public override bool MustTell(in FetchedPartition fetched) => true;
}

/// <summary>A full request that wants a session, which is made with its answer when there is room. Everything is told.</summary>
internal sealed class NewSessionContext(FetchTargets targets, FetchSessionCache cache, bool usesTopicIds, bool isFollower) : FetchContext(targets)
{
    private int _sessionId;

    public override Lock? Lock => null;

    public override int SessionId => _sessionId;

    public override void BeforeTelling(ReadOnlySpan<FetchedPartition> results)
    {
        foreach (ref readonly FetchedPartition fetched in results)
        {
            // As for the answers that follow: who is told of an error or a divergence takes nothing else out of the answer.
            fetched.Target.MustTell(fetched.Result);
        }

        _sessionId = cache.TryCreate(Targets, usesTopicIds, isFollower)?.Id ?? 0;
    }

    public override bool MustTell(in FetchedPartition fetched) => true;
}

/// <summary>The next request of a session. Only what changed is told.</summary>
internal sealed class IncrementalContext(FetchSession session, int expectedEpoch) : FetchContext(session.Targets)
{
    public override Lock Lock => session.Lock;

    public override int SessionId => session.Id;

    public override ErrorCode CheckCurrent() => session.Epoch == expectedEpoch ? ErrorCode.None : ErrorCode.InvalidFetchSessionEpoch;

    public override bool MustTell(in FetchedPartition fetched)
    {
        bool tell = fetched.Target.MustTell(fetched.Result);
        if (fetched.Result.Bytes > 0)
        {
            Targets.MoveToEnd(fetched.Target);
        }

        return tell;
    }
}
