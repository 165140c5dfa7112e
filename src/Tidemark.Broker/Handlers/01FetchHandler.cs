using System.Text;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Fetching;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Cursors;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 1, Fetch: records of many partitions, now or when there is enough.
/// v4 isolation levels · v5 log start · v7 sessions (KIP-227) · v9 leader epochs (KIP-320) · v10 zstd · v11 racks and read replicas
/// (KIP-392) · v12 diverging epochs (KIP-595) · v13 topic ids (KIP-516) · v15 the replica in a struct of its
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
    private readonly Func<string, BrokerId, string?>? _rackOf;

    /// <param name="slots"><c>max.incremental.fetch.session.cache.slots</c></param>
    /// <param name="maxBytes"><c>fetch.max.bytes</c></param>
    /// <param name="rackOf">The rack of a broker that is alive and reached on a listener; null where all consumers are served by the leader (<c>replica.selector.class</c>).</param>
    public FetchHandler(PartitionRegistry partitions, IClusterView cluster, DelayQueue delays, int slots, int maxBytes, BrokerEnvironment environment, Func<string, BrokerId, string?>? rackOf = null)
    {
        // The two minutes before a session may be pushed out are no setting in Kafka either.
        _sessions = new FetchSessionCache(slots, TimeSpan.FromMinutes(2), environment.Time, environment.FillRandom);
        _partitions = partitions;
        _delays = delays;
        _answer = new FetchAnswer(cluster);
        _maxBytes = maxBytes;
        _rackOf = rackOf;
    }

    public ApiKey Api => ApiKey.Fetch;

    public short LowestVersion => 4;

    public short HighestVersion => 18;

    public bool LetsLaterRequestsPass => true;

    public void Handle(Request context)
    {
        var request = new FetchRequestCursor(new WireReader(context.Body), context.ApiVersion);
        if (request.IsolationLevel is not (0 or 1))
        {
            Refuse(context, ErrorCode.InvalidRequest, tellsPartitions: true);
            return;
        }

        bool isFollower = request.ReplicaId >= 0;
        var settings = new FetchSettings(
            TimeSpan.FromMilliseconds(Math.Max(0, request.MaxWaitMs)),
            Math.Min(request.MinBytes, Math.Min(request.MaxBytes, _maxBytes)),
            isFollower ? request.MaxBytes : Math.Min(request.MaxBytes, _maxBytes),
            request.IsolationLevel == 1,
            new BrokerId(request.ReplicaId),
            request.ReplicaEpoch,
            isFollower ? null : RackOf(context, request.RackId));
        FetchContext? fetch = OpenContext(ref request, context.ApiVersion >= 13, isFollower, out ErrorCode error);
        context.ReleaseFrame();
        if (fetch is null)
        {
            _answer.SendError(context, error);
            return;
        }

        new FetchCall(context, fetch, settings, _partitions, _answer).Start(_delays);
    }

    public void Refuse(Request request, ErrorCode error) => Refuse(request, error, tellsPartitions: request.ApiVersion < 13);

    private void Refuse(Request request, ErrorCode error, bool tellsPartitions)
    {
        var reader = new WireReader(request.Body);
        _answer.Refuse(request, FetchRequest.Read(ref reader, request.ApiVersion), error, tellsPartitions);
    }

    /// <summary>Takes over what the request says of its partitions: into an empty set, or into a session's, under its lock.</summary>
    private void ReadTargets(ref FetchRequestCursor request, FetchTargets into, bool byId)
    {
        while (request.NextTopic())
        {
            string? topic = byId ? null : NameOf(request.TopicName);
            while (request.NextPartition())
            {
                FetchTarget target = into.FindOrAdd(new FetchKey(request.TopicId, topic, request.Partition.Partition));
                target.FetchOffset = new Offset(request.Partition.FetchOffset);
                target.MaxBytes = request.Partition.PartitionMaxBytes;
                target.CurrentLeaderEpoch = new LeaderEpoch(request.Partition.CurrentLeaderEpoch);
                target.LastFetchedEpoch = new LeaderEpoch(request.Partition.LastFetchedEpoch);
                target.LogStart = new Offset(request.Partition.LogStartOffset);
            }
        }
    }

    private ReaderRack? RackOf(Request request, ReadOnlySpan<byte> rack)
    {
        if (rack.IsEmpty || _rackOf is not { } rackOf)
        {
            return null;
        }

        string listener = request.Connection.Info.ListenerName;
        return new ReaderRack(Encoding.UTF8.GetString(rack), broker => rackOf(listener, broker));
    }

    /// <summary>The registry's string serves for the names of topics that exist.</summary>
    private string NameOf(ReadOnlySpan<byte> name) =>
        _partitions.TryFind(name, out TopicPartitions? topic) ? topic.Name : Encoding.UTF8.GetString(name);

    private FetchContext? OpenContext(ref FetchRequestCursor request, bool byId, bool isFollower, out ErrorCode error)
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

            var targets = new FetchTargets();
            ReadTargets(ref request, targets, byId);
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

            ReadTargets(ref request, session.Targets, byId);
            while (request.NextForgottenTopic())
            {
                string? topic = byId ? null : NameOf(request.ForgottenTopicName);
                while (request.NextForgottenPartition())
                {
                    session.Targets.Remove(new FetchKey(request.ForgottenTopicId, topic, request.ForgottenPartition));
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
