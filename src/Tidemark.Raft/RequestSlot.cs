namespace Tidemark.Raft;

/// <summary>
/// One request to one peer at a time: what is under way, when it counts as lost, and when the next may be sent. An answer belongs to the slot that
/// remembers its id; when a role ends its slots go with it, and late answers find nobody.
/// </summary>
internal sealed class RequestSlot(QuorumPeer peer)
{
    /// <summary>A peer that is down for long is asked four times a second, which costs nothing and finds it soon enough.</summary>
    private static readonly TimeSpan s_backoffMax = TimeSpan.FromMilliseconds(250);

    private int _failures;

    public QuorumPeer Peer { get; set; } = peer;

    public RequestId? UnderWay { get; private set; }

    /// <summary>Nothing more is to be sent.</summary>
    public bool IsDone { get; private set; }

    /// <summary>When the request that is under way is lost; when nothing is, the time before which nothing is sent.</summary>
    public TimeSpan Until { get; private set; }

    /// <summary>When something happens here by itself.</summary>
    public TimeSpan? NextDeadline => IsDone ? null : Until;

    public bool IsFree(TimeSpan now) => !IsDone && UnderWay is null && now >= Until;

    public void Sent(RequestId request, TimeSpan lostAt) => (UnderWay, Until) = (request, lostAt);

    /// <summary>The answer came; the next request may follow at the given time.</summary>
    public void Answered(TimeSpan nextAt) => (UnderWay, Until, _failures) = (null, nextAt, 0);

    /// <summary>No answer will come. The wait before the next request doubles with every failure in a row.</summary>
    public void Failed(TimeSpan now, TimeSpan backoff)
    {
        long longest = Math.Max(backoff.Ticks, s_backoffMax.Ticks);
        UnderWay = null;
        Until = now + TimeSpan.FromTicks(Math.Min(longest, backoff.Ticks << Math.Min(_failures, 10)));
        _failures++;
    }

    public void Done() => (UnderWay, IsDone) = (null, true);

    /// <summary>Forgets a request whose answer did not come in time.</summary>
    public void Expire(TimeSpan now, TimeSpan backoff)
    {
        if (UnderWay is not null && now >= Until)
        {
            Failed(now, backoff);
        }
    }
}
