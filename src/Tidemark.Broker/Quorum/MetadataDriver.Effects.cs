using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Raft;
using Tidemark.Records;

namespace Tidemark.Broker.Quorum;

/// <summary>What the member of the quorum wants done with the log and with its peers. All of it runs in a turn.</summary>
public sealed partial class MetadataDriver
{
    /// <summary>Requests to peers leave when everything before them is done and flushed.</summary>
    private readonly List<SendToPeer> _outbox = [];
    private bool _flushIsDue;

    private void CarryOut()
    {
        while (Member.TryTakeEffect(out QuorumEffect? effect))
        {
            CarryOut(effect);
        }

        if (_isLeading && !Member.IsLeader)
        {
            EndLeading();
        }
    }

    private void CarryOut(QuorumEffect effect)
    {
        switch (effect)
        {
            case PersistElectionState persist:
                ElectionStateFile.Write(_environment.Disk, _options.LogDirectory, persist.State, Member.Voters, durable: !Plants.IsOn(Plant.VoteNotFlushed));
                break;
            case AppendLeaderChange change:
                BeginLeading();
                List<(ControlRecordType, IMessage, short)> opening = [MetadataBatches.LeaderChange(change)];
                if (change.Opening is { } first)
                {
                    opening.AddRange(MetadataBatches.Membership(first.KRaftVersion, first.Voters));
                }

                AppendControl(opening, change.Epoch, change.Opening);
                QuorumLog.Leading(_log, change.Epoch, Metadata.Log.LogEndOffset);
                if (IsAlone)
                {
                    // Nobody else can be elected any more, so what follows may be flushed together with it.
                    Activate();
                }

                break;
            case AppendVoters voters:
                AppendControl(
                    [.. MetadataBatches.Membership(voters.Voters.KRaftVersion, voters.Voters.Voters, voters.WithVersion)], Member.Epoch, voters.Voters);
                break;
            case AppendFetched fetched:
                AppendFetched(fetched.Request);
                break;
            case TruncateLog truncate:
                QuorumLog.Cut(_log, truncate.To);
                Metadata.TruncateTo(truncate.To);
                if (_replayedTo > truncate.To)
                {
                    Rewind();
                }

                Member.OnTruncated(Now);
                break;
            case FlushLog:
                _flushIsDue = true;
                break;
            case AdvanceCommit commit:
                OnCommitted(commit.HighWatermark);
                break;
            case LeaderChanged changed:
                if (changed.Leader is { } elected)
                {
                    QuorumLog.LeaderIs(_log, elected.Value, changed.Epoch);
                }
                else
                {
                    QuorumLog.NoLeader(_log, changed.Epoch);
                }

                if (changed.Leader is { } leader && leader.Value != _options.NodeId)
                {
                    _lastLeader = (leader, changed.Epoch);
                }

                PublishLeader();
                break;
            case LeaderReachChanged:
                PublishLeader();
                break;
            case InstallSnapshot install:
                Install(install.Snapshot);
                break;
            case AbandonSnapshot:
                Metadata.Abandon();
                break;
            case AnswerVoterChange answer:
                AnswerChange(answer);
                break;
            case HaltNode halt:
                throw new InvalidDataException(halt.Reason);
            case SendToPeer send:
                _outbox.Add(send);
                break;
        }
    }

    /// <summary>Appends control records of the quorum's own as one batch; the voters' record, if any, is the last of them.</summary>
    private void AppendControl(List<(ControlRecordType, IMessage, short)> records, LeaderEpoch epoch, VoterSet? voters)
    {
        long now = NowMs;
        Offset first = Metadata.Log.LogEndOffset;
        Offset end = Metadata.Append(MetadataBatches.EncodeControl(_builder, records, first, epoch, now), epoch);
        _grewAt = Now;
        _replay.Pass(end - 1, epoch, now);
        _replayedTo = end;
        if (voters is not null)
        {
            var at = new VotersAt(end - 1, voters);
            Metadata.Remember(at);
            Member.OnVotersAppended(at, Now);
        }

        _images.Enqueue((end, _replay.ToImage()));
        Member.OnAppended(Now);
    }

    private void AppendFetched(RequestId request)
    {
        if (_fetched.Remove(request, out FetchedBatches? fetched))
        {
            using (fetched)
            {
                Metadata.AppendFetched(fetched.Records.Span, Member.Epoch, out IReadOnlyList<VotersAt> voters);
                _grewAt = Now;
                _bytesSinceSnapshot += fetched.Records.Length;
                foreach (VotersAt each in voters)
                {
                    Member.OnVotersAppended(each, Now);
                }
            }
        }

        Member.OnAppended(Now);
    }

    private void Install(LogPosition snapshot)
    {
        MetadataImage image = Metadata.Install(snapshot, NowMs);
        _grewAt = Now;
        QuorumLog.Installed(_log, snapshot.EndOffset);
        _replay = new MetadataReplay(image);
        _replayedTo = snapshot.EndOffset;
        (_committed, _committedEnd) = (image, snapshot.EndOffset);
        VotersAt voters = Metadata.Voters.Count > 0 ? Metadata.Voters[^1] : new VotersAt(Offset.Unknown, _options.FixedVoters());
        Member.OnSnapshotInstalled(snapshot, voters, Now);
        _publishIsDue = true;
    }
}
