namespace Tidemark.Raft;

/// <summary>
/// One request to one peer at a time: what is under way, when it counts as lost, and when the next may be sent. An answer belongs to the slot that
/// remembers its id; when a role ends its slots go with it, and late answers find nobody.
/// </summary>
internal sealed class RequestSlot(QuorumPeer peer)
{
    private TimeSpan _until;

    public QuorumPeer Peer { get; set; } = peer;

    public RequestId? UnderWay { get; private set; }

    /// <summary>Nothing more is to be sent.</summary>
    public bool IsDone { get; private set; }

    public bool IsFree(TimeSpan now) => !IsDone && UnderWay is null && now >= _until;

    /// <summary>When something happens here by itself: the request is lost, or the next may be sent.</summary>
    public TimeSpan? NextDeadline => IsDone ? null : _until;

    public void Sent(RequestId request, TimeSpan lostAt) => (UnderWay, _until) = (request, lostAt);

    /// <summary>The answer came; the next request may follow at the given time.</summary>
    public void Answered(TimeSpan nextAt) => (UnderWay, _until) = (null, nextAt);

    public void Done() => (UnderWay, IsDone) = (null, true);

    /// <summary>Forgets a request whose answer did not come in time.</summary>
    public void Expire(TimeSpan now, TimeSpan backoff)
    {
        if (UnderWay is not null && now >= _until)
        {
            Answered(now + backoff);
        }
    }
}
