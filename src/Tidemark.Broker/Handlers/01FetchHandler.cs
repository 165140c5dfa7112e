using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Fetching;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 1, Fetch: records of many partitions, now or when there is enough.
/// v4 isolation levels · v5 log start · v7 sessions (KIP-227) · v9 leader epochs (KIP-320) · v10 zstd · v11 racks and read replicas
/// (KIP-392; none is ever preferred here) · v12 diverging epochs (KIP-595) · v13 topic ids (KIP-516) · v15 the replica in a struct of its
/// own (KIP-903) · v16 who leads instead (KIP-951) · v17 directory ids · v18 a follower's high watermark.
/// Of a partition named twice the last counts. The first batch is always given whole, whatever the limits. A session whose last
/// partition is forgotten ends.
/// </summary>
public sealed class FetchHandler : IRequestHandler
{
    private readonly PartitionRegistry _partitions;
    private readonly DelayQueue _delays;
    private readonly FetchSessionCache _sessions;
    private readonly FetchAnswer _answer;
    private readonly int _maxBytes;

    /// <param name="slots"><c>max.incremental.fetch.session.cache.slots</c></param>
    /// <param name="maxBytes"><c>fetch.max.bytes</c></param>
    public FetchHandler(PartitionRegistry partitions, IClusterView cluster, DelayQueue delays, int slots, int maxBytes, BrokerEnvironment environment)
    {
        // The two minutes before a session may be pushed out are no setting in Kafka either.
        _sessions = new FetchSessionCache(slots, TimeSpan.FromMinutes(2), environment.Time, environment.FillRandom);
        _partitions = partitions;
        _delays = delays;
        _answer = new FetchAnswer(cluster);
        _maxBytes = maxBytes;
    }

    public ApiKey Api => ApiKey.Fetch;

    public short LowestVersion => 4;

    public short HighestVersion => 18;

    public bool LetsLaterRequestsPass => true;

    public void Handle(Request context)
    {
        var reader = new WireReader(context.Body);
        FetchRequest request = FetchRequest.Read(ref reader, context.ApiVersion);
        bool byId = context.ApiVersion >= 13;
        if (request.IsolationLevel is not (0 or 1))
        {
            _answer.Refuse(context, request, ErrorCode.InvalidRequest, tellsPartitions: true);
            return;
        }

        // One place for the replica's id, which moved in version 15: a follower taken for a consumer would be held back by the high watermark.
        (int replica, long epoch) = context.ApiVersion >= 15
            ? (request.ReplicaState.ReplicaId, request.ReplicaState.ReplicaEpoch)
            : (request.ReplicaId, -1);
        var settings = new FetchSettings(
            TimeSpan.FromMilliseconds(Math.Max(0, request.MaxWaitMs)),
            Math.Min(request.MinBytes, Math.Min(request.MaxBytes, _maxBytes)),
            replica >= 0 ? request.MaxBytes : Math.Min(request.MaxBytes, _maxBytes),
            request.IsolationLevel == 1,
            new BrokerId(replica),
            epoch);
        FetchTargets targets = ReadTargets(request, byId);
        FetchContext? fetch = OpenContext(request, targets, byId, settings.IsFollower, out ErrorCode error);
        context.ReleaseFrame();
        if (fetch is null)
        {
            _answer.SendError(context, error);
            return;
        }

        new FetchCall(context, fetch, settings, _partitions, _answer).Start(_delays);
    }

    public void Refuse(Request request, ErrorCode error)
    {
        var reader = new WireReader(request.Body);
        _answer.Refuse(request, FetchRequest.Read(ref reader, request.ApiVersion), error, tellsPartitions: request.ApiVersion < 13);
    }

    private static FetchTargets ReadTargets(FetchRequest request, bool byId)
    {
        var targets = new FetchTargets();
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition p in topic.Partitions)
            {
                targets.AddOrUpdate(new FetchTarget(new FetchKey(topic.TopicId, byId ? null : topic.Topic, p.Partition))
                {
                    FetchOffset = new Offset(p.FetchOffset),
                    MaxBytes = p.PartitionMaxBytes,
                    CurrentLeaderEpoch = new LeaderEpoch(p.CurrentLeaderEpoch),
                    LastFetchedEpoch = new LeaderEpoch(p.LastFetchedEpoch),
                    LogStart = new Offset(p.LogStartOffset),
                });
            }
        }

        return targets;
    }

    private FetchContext? OpenContext(FetchRequest request, FetchTargets targets, bool byId, bool isFollower, out ErrorCode error)
    {
        const int NoSession = -1;
        const int NewSession = 0;
        error = ErrorCode.None;
        if (request.SessionEpoch is NoSession or NewSession)
        {
            if (request.SessionId != 0)
            {
                _sessions.Remove(request.SessionId);
            }

            return request.SessionEpoch == NoSession
                ? new SessionlessContext(targets)
                : new NewSessionContext(targets, _sessions, byId, isFollower);
        }

        if (_sessions.Find(request.SessionId) is not { } session)
        {
            error = ErrorCode.FetchSessionIdNotFound;
            return null;
        }

        lock (session.Lock)
        {
            error = session.Epoch != request.SessionEpoch ? ErrorCode.InvalidFetchSessionEpoch
                : session.UsesTopicIds != byId ? ErrorCode.FetchSessionTopicIdError
                : ErrorCode.None;
            if (error != ErrorCode.None)
            {
                return null;
            }

            for (FetchTarget? target = targets.First; target is not null;)
            {
                FetchTarget next = target;
                target = target.Next;
                session.Targets.AddOrUpdate(next);
            }

            foreach (FetchRequest.ForgottenTopic topic in request.ForgottenTopicsData)
            {
                foreach (int partition in topic.Partitions)
                {
                    session.Targets.Remove(new FetchKey(topic.TopicId, byId ? null : topic.Topic, partition));
                }
            }

            if (session.Targets.Count == 0)
            {
                _sessions.Remove(session.Id);
                return new SessionlessContext(new FetchTargets());
            }

            session.Epoch = FetchSession.NextEpoch(session.Epoch);
            _sessions.Touch(session);
            return new IncrementalContext(session, session.Epoch);
        }
    }
}
