using Tidemark.Broker.Cluster;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// The state that the metadata log leads to, and the controller that works on it while this node leads the quorum. A leader replays what
/// it appends at once, so that each command is decided on what the earlier ones come to; what others see is the image of what is
/// committed. Who leads no more goes back to that.
/// </summary>
public sealed partial class MetadataDriver : IQuorumView
{
    /// <summary>Commands whose records are appended and not committed, with the log's end behind them.</summary>
    private readonly Queue<(Offset End, PendingCommand Command)> _awaiting = new();

    /// <summary>What the log leads to at some ends that are not committed yet, oldest first.</summary>
    private readonly Queue<(Offset End, MetadataImage Image)> _images = new();
    private MetadataReplay _replay = new(MetadataImage.Empty);
    private Offset _replayedTo = Offset.Zero;
    private volatile MetadataImage _committed = MetadataImage.Empty;
    private Offset _committedEnd = Offset.Zero;
    private Offset _leaderHighWatermark = Offset.Unknown;
    private (MetadataImage Of, BrokerConfig Config) _config;
    private ControllerLocation _controller = new(BrokerId.None, LeaderEpoch.Unknown, null, false);
    private bool _isLeading;
    private bool _isActive;
    private bool _isPublished;
    private bool _publishIsDue;

    /// <summary>The last committed state.</summary>
    public MetadataImage Current => _committed;

    /// <summary>When the controller last heard of each broker.</summary>
    public BrokerSessions Sessions { get; private set; } = new();

    public ControllerLocation Controller
    {
        get
        {
            lock (_queueLock)
            {
                return _controller;
            }
        }
    }

    public bool IsAlone => _member is { IsVoter: true } member && member.Voters.Count == 1;

    private void Decide(PendingCommand command)
    {
        if (!_isActive || _environment.Time.GetTimestamp() > command.Deadline)
        {
            command.Reject(_isActive ? ErrorCode.RequestTimedOut : ErrorCode.NotController);
            _afterTurn.Add(command.Complete);
            return;
        }

        IReadOnlyList<MetadataRecord> records = command.Decide(Context(_replay.ToImage()), out Exception? failure);
        if (failure is not null)
        {
            QuorumLog.CommandFailed(_log, failure);
        }

        Append(records);
        _awaiting.Enqueue((_replayedTo, command));
    }

    private void Append(IReadOnlyList<MetadataRecord> records)
    {
        if (records.Count == 0)
        {
            return;
        }

        long now = NowMs;
        Offset first = Metadata.Log.LogEndOffset;
        Memory<byte> batch = MetadataBatches.Encode(_builder, records, first, Member.Epoch, now);
        Offset end = Metadata.Append(batch, Member.Epoch);
        _grewAt = Now;
        _bytesSinceSnapshot += batch.Length;
        foreach (int broker in TakenLeaderships.Of(_replay.ToImage(), records))
        {
            Sessions.Taken(broker, end - 1);
        }

        _replay.Replay(records, end - 1, Member.Epoch, now);
        _replayedTo = end;
        Member.OnAppended(Now);
    }

    /// <summary>This node was elected: what is in the log counts from now on, committed or not, because this epoch will commit it.</summary>
    private void BeginLeading()
    {
        _replayedTo = Metadata.Replay(_replay, _replayedTo, Metadata.Log.LogEndOffset);
        _images.Clear();
        _isLeading = true;
        NoteLastLeader();
    }

    private void EndLeading()
    {
        QuorumLog.LeadsNoMore(_log, Member.Epoch);
        (_isLeading, _isActive, _activeDeadline) = (false, false, null);
        RefuseAwaiting(ErrorCode.NotController);
        _images.Clear();
        Rewind();
        WatchProcesses(_committed);
        PublishLeader();
    }

    /// <summary>Back to what is committed; what follows is replayed when it is.</summary>
    private void Rewind()
    {
        _replay = new MetadataReplay(_committed);
        _replayedTo = _committedEnd;
    }

    /// <summary>The first record of this epoch is committed, and with it all before: from here on commands are taken.</summary>
    private void Activate()
    {
        _isActive = true;
        Sessions = new BrokerSessions();
        if (_replay.IsInTransaction)
        {
            // Whoever began it is gone, and with it the rest of the transaction.
            Append([new MetadataRecord(new Protocol.Messages.AbortTransactionRecord { Reason = "The controller that began it is gone." }, 0)]);
        }

        ControllerContext context = Context(_replay.ToImage());
        if (context.Image.IsEmpty)
        {
            Append(WriteFirstRecords.Decide(context, ReadBootstrap()));
        }

        RegisterController();
        BeginLookingAfterLeaders();
        long beginMs = (long)SessionsBegin().TotalMilliseconds;
        foreach (BrokerImage broker in _replay.ToImage().Brokers.Values)
        {
            Sessions.Touch(broker.Id, broker.Epoch, beginMs, Offset.Unknown);

            // What the last controller took from it, and where, is not known.
            Sessions.Taken(broker.Id, _replayedTo - 1);
            if (broker.IsFenced)
            {
                // Where is not known either, but it was before this.
                Sessions.Fenced(broker.Id, _replayedTo - 1);
            }
        }

        LeaveLastLife();
        _activeDeadline = Now;
        PublishLeader();
    }

    private void OnCommitted(Offset highWatermark)
    {
        if (_isLeading)
        {
            if (!_isActive && Member.Role is Leader leader && highWatermark > leader.EpochStart)
            {
                Activate();
            }

            return;
        }

        if (_replayedTo < highWatermark)
        {
            _replayedTo = Metadata.Replay(_replay, _replayedTo, highWatermark);
        }

        if (_replayedTo <= highWatermark && !_replay.IsInTransaction)
        {
            (_committed, _committedEnd) = (_replay.ToImage(), _replayedTo);
            _publishIsDue = true;
        }
    }

    /// <summary>Publishes the newest committed image and answers those whose records it holds.</summary>
    private void Settle()
    {
        if (_isLeading)
        {
            if (_isActive && (_images.Count == 0 || _images.Last().End != _replayedTo))
            {
                _images.Enqueue((_replayedTo, _replay.ToImage()));
            }

            while (_images.TryPeek(out (Offset End, MetadataImage Image) next) && (next.End <= Member.HighWatermark || Plants.IsOn(Plant.UncommittedMetadataPublished)))
            {
                _images.Dequeue();
                _publishIsDue |= !ReferenceEquals(_committed, next.Image);
                (_committed, _committedEnd) = (next.Image, next.End);
            }

            if (_isActive && _activeDeadline is null && _committed.Brokers.Count > (IsAlone ? 1 : 0))
            {
                _activeDeadline = Now + WatchEvery;
            }
        }

        // A node that has just started waits until it has all that its leader had: what it would tear down before is needed after.
        bool mayPublish = _isPublished || (_isLeading ? _isActive : _leaderHighWatermark >= Offset.Zero && _committedEnd >= _leaderHighWatermark);
        if (_publishIsDue && mayPublish)
        {
            (_publishIsDue, _isPublished) = (false, true);
            BringIn();
            WatchProcesses(_committed);
        }

        AnswerCommitted();
    }

    private void RefuseAwaiting(ErrorCode error)
    {
        foreach ((_, PendingCommand command) in _awaiting)
        {
            command.Reject(error);
            _afterTurn.Add(command.Complete);
        }

        _awaiting.Clear();
    }

    private void PublishLeader()
    {
        BrokerId leader = Member.LeaderNode ?? BrokerId.None;
        bool isLocal = _isActive && leader.Value == _options.NodeId;
        var location = new ControllerLocation(
            leader,
            Member.Epoch,
            leader == BrokerId.None || leader.Value == _options.NodeId ? null : _peers.AddressOf(Member.LeaderEndpoints),
            isLocal);
        lock (_queueLock)
        {
            _controller = location;
        }
    }

    private ControllerContext Context(MetadataImage image)
    {
        if (!ReferenceEquals(_config.Of.Configs, image.Configs))
        {
            _config = (image, image.BrokerConfig(_options.NodeId, _options.Config));
        }

        return new ControllerContext(image, _config.Config, _options.NodeId, _options.ClusterId, NowMs, Metadata.Log.LogEndOffset, NewId)
        {
            UptimeMs = UptimeMs,
            MayBeReplaced = !IsAlone,
            KRaftVersion = Member.Voters.KRaftVersion,
            Voters = [.. Member.Voters.Voters.Select(voter => voter.Key.Node.Value)],
        };
    }
}
