using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft.Tests.Simulation;

/// <summary>A node with a disk and, while it runs, a member: the smallest driver that keeps the rules of <see cref="QuorumEffect"/>.</summary>
public sealed class SimulatedNode
{
    private const int EntriesPerFetch = 8;
    private const int EntriesPerPiece = 3;

    private readonly QuorumWorld _world;
    private readonly VoterSet _firstVoters;
    private readonly Dictionary<RequestId, IReadOnlyList<Entry>> _fetched = [];
    private readonly List<(FetchAsk Ask, TimeSpan Until, Action<QuorumAnswer, IReadOnlyList<Entry>> Answer)> _held = [];
    private bool _flushIsDue;

    public SimulatedNode(QuorumWorld world, ReplicaKey key, VoterSet firstVoters)
    {
        _world = world;
        _firstVoters = firstVoters;
        Key = key;
    }

    public ReplicaKey Key { get; }

    public MemoryLog Log { get; } = new();

    /// <summary>What the disk says of elections.</summary>
    public ElectionState Known { get; private set; } = ElectionState.Initial;

    public QuorumMember? Member { get; private set; }

    /// <summary>Counts the starts, so that nothing of an earlier life reaches a later one.</summary>
    public int Life { get; private set; }

    public bool IsLeader => Member is { IsLeader: true };

    public bool IsHalted { get; private set; }

    public static VoterEndpoint EndpointOf(BrokerId node) => new("CONTROLLER", $"host{node}", 9093);

    public void Start()
    {
        Life++;
        _flushIsDue = false;
        _fetched.Clear();
        _held.Clear();
        var options = new QuorumMemberOptions
        {
            Self = Key,
            Endpoints = [EndpointOf(Key.Node)],
            HasBootstrapServers = true,
            Seed = (ulong)_world.Random.NextInt64(),
        };
        Member = new QuorumMember(options, Log, Known, VotersOf(Log.End.EndOffset), _world.Now);
        Do(member => member.Start(_world.Now));
    }

    public void Stop(bool losesPower)
    {
        Member = null;
        Life++;
        if (losesPower)
        {
            Log.LosePower(_world.Random);
        }
    }

    /// <summary>Calls the member and carries out what follows.</summary>
    public void Do(Action<QuorumMember> call)
    {
        if (Member is not { } member || IsHalted)
        {
            return;
        }

        call(member);
        CarryOut(member);
        ReleaseHeld(member);
        _world.After(this, member);
    }

    public void Append(long value) => Do(member =>
    {
        Log.Append(new Entry(member.Epoch, value));
        member.OnAppended(_world.Now);
    });

    public void TakeSnapshot()
    {
        if (Member is { } member && member.HighWatermark > Log.Start)
        {
            Log.Snapshot(member.HighWatermark);
        }
    }

    /// <summary>A request of a peer: answers at once, or later when a fetch is held.</summary>
    public void Serve(SendToPeer request, Action<QuorumAnswer, IReadOnlyList<Entry>> answer)
    {
        Action? reply = null;
        Do(member =>
        {
            switch (request)
            {
                case SendVote vote:
                    VoteAnswer voted = member.OnVoteAsked(vote.Ask, _world.Now);
                    reply = () => answer(voted, []);
                    break;
                case SendBeginEpoch begin:
                    QuorumAnswer begun = member.OnBeginEpochAsked(begin.Ask, _world.Now);
                    reply = () => answer(begun, []);
                    break;
                case SendEndEpoch end:
                    QuorumAnswer ended = member.OnEndEpochAsked(end.Ask, _world.Now);
                    reply = () => answer(ended, []);
                    break;
                case SendFetch fetch:
                    FetchVerdict verdict = member.OnFetchAsked(fetch.Ask, _world.Now);
                    if (verdict.MayBeHeld)
                    {
                        _held.Add((fetch.Ask, _world.Now + fetch.Ask.MaxWait, answer));
                        int life = Life;
                        _world.At(fetch.Ask.MaxWait, () => { if (life == Life) { Do(_ => { }); } });
                    }
                    else
                    {
                        reply = () => AnswerFetch(fetch.Ask, verdict.Answer, answer);
                    }

                    break;
                case SendFetchSnapshot piece:
                    QuorumAnswer allowed = member.OnFetchSnapshotAsked(piece.Ask, _world.Now);
                    ErrorCode error = allowed.Error != ErrorCode.None ? allowed.Error : Log.NewestSnapshot == piece.Ask.Snapshot ? ErrorCode.None : ErrorCode.SnapshotNotFound;
                    long size = piece.Ask.Snapshot.EndOffset.Value;
                    var sent = new FetchSnapshotAnswer(error, allowed.Leader, allowed.Epoch, size, Math.Min(size, piece.Ask.Position + EntriesPerPiece)) { LeaderEndpoints = allowed.LeaderEndpoints };
                    IReadOnlyList<Entry> content = error == ErrorCode.None ? Log.Read(Offset.Zero, (int)size) : [];
                    reply = () => answer(sent, content);
                    break;
                case SendUpdateVoter update:
                    QuorumAnswer updated = member.OnUpdateVoterAsked(update.Ask, _world.Now);
                    reply = () => answer(updated, []);
                    break;
            }
        });
        reply?.Invoke();
    }

    /// <summary>The answer to a request of this node.</summary>
    public void Receive(SendToPeer request, QuorumAnswer answer, IReadOnlyList<Entry> entries) => Do(member =>
    {
        TimeSpan now = _world.Now;
        switch (request)
        {
            case SendVote: member.OnVoteAnswered(request.Request, (VoteAnswer)answer, now); break;
            case SendBeginEpoch: member.OnBeginEpochAnswered(request.Request, answer, now); break;
            case SendEndEpoch: member.OnEndEpochAnswered(request.Request, answer, now); break;
            case SendUpdateVoter: member.OnVoterChangeAnswered(request.Request, answer, now); break;
            case SendFetch:
                _fetched[request.Request] = entries;
                member.OnFetchAnswered(request.Request, (FetchAnswer)answer, now);
                break;
            case SendFetchSnapshot piece:
                _world.KeepSnapshot(piece.Ask.Snapshot, entries);
                member.OnFetchSnapshotAnswered(request.Request, (FetchSnapshotAnswer)answer, now);
                break;
        }
    });

    private void CarryOut(QuorumMember member)
    {
        while (member.TryTakeEffect(out QuorumEffect? effect))
        {
            _world.Trace(this, effect);
            switch (effect)
            {
                case PersistElectionState persist:
                    _world.Checks.OnPersisted(this, Known, persist.State);
                    Known = persist.State;
                    break;
                case AppendLeaderChange change:
                    _world.Checks.OnElected(this, change);
                    Log.Append(new Entry(change.Epoch, -change.Epoch.Value));
                    if (change.Opening is { } first)
                    {
                        AppendVoters(member, first);
                    }

                    member.OnAppended(_world.Now);
                    break;
                case AppendVoters append:
                    AppendVoters(member, append.Voters);
                    member.OnAppended(_world.Now);
                    break;
                case AppendFetched append:
                    foreach (Entry entry in _fetched.GetValueOrDefault(append.Request, []))
                    {
                        Log.Append(entry);
                        if (entry.Voters is { } voters)
                        {
                            member.OnVotersAppended(new VotersAt(Log.End.EndOffset - 1, voters), _world.Now);
                        }
                    }

                    member.OnAppended(_world.Now);
                    break;
                case TruncateLog truncate:
                    _world.Count("truncations");
                    Log.TruncateTo(truncate.To);
                    member.OnTruncated(_world.Now);
                    break;
                case FlushLog:
                    FlushSoon();
                    break;
                case AdvanceCommit commit:
                    _world.Checks.OnCommitted(this, commit.HighWatermark);
                    break;
                case InstallSnapshot install:
                    _world.Count("snapshots loaded");
                    Log.StartAt(_world.SnapshotOf(install.Snapshot));
                    member.OnSnapshotInstalled(install.Snapshot, VotersOf(install.Snapshot.EndOffset)[^1], _world.Now);
                    break;
                case HaltNode halt:
                    IsHalted = true;
                    _world.Checks.OnHalted(this, halt.Reason);
                    break;
                case AnswerVoterChange answer:
                    _world.Count($"voter changes: {answer.Error}");
                    break;
                case SendApiVersions versions:
                    int life = Life;
                    _world.At(TimeSpan.FromMilliseconds(2), () => { if (life == Life) { Do(each => each.OnApiVersionsAnswered(versions.Request, ErrorCode.None, 0, 1, _world.Now)); } });
                    break;
                case SendToPeer request:
                    _world.Send(this, request);
                    break;
            }
        }
    }

    private void AppendVoters(QuorumMember member, VoterSet voters)
    {
        Log.Append(new Entry(member.Epoch, _world.NextValue(), voters));
        member.OnVotersAppended(new VotersAt(Log.End.EndOffset - 1, voters), _world.Now);
    }

    private void FlushSoon()
    {
        if (_flushIsDue)
        {
            return;
        }

        _flushIsDue = true;
        int life = Life;
        _world.At(TimeSpan.FromMilliseconds(_world.Random.Next(6)), () =>
        {
            if (life == Life)
            {
                _flushIsDue = false;
                Do(member => member.OnFlushed(Log.Flush(), _world.Now));
            }
        });
    }

    private void ReleaseHeld(QuorumMember member)
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            (FetchAsk ask, TimeSpan until, Action<QuorumAnswer, IReadOnlyList<Entry>> answer) = _held[i];
            FetchVerdict verdict = member.OnHeldFetchDue(ask);
            if (!verdict.MayBeHeld || _world.Now >= until)
            {
                _held.RemoveAt(i);
                AnswerFetch(ask, verdict.Answer, answer);
            }
        }
    }

    private void AnswerFetch(FetchAsk ask, FetchAnswer answer, Action<QuorumAnswer, IReadOnlyList<Entry>> send)
    {
        bool hasRecords = answer is { Error: ErrorCode.None, Diverging: null, Snapshot: null } && ask.End.EndOffset < Log.End.EndOffset;
        send(answer with { HasRecords = hasRecords }, hasRecords ? Log.Read(ask.End.EndOffset, EntriesPerFetch) : []);
    }

    private IReadOnlyList<VotersAt> VotersOf(Offset end)
    {
        List<VotersAt> sets = [new(Offset.Unknown, _firstVoters)];
        for (int i = 0; i < end.Value; i++)
        {
            if (Log.Entries[i].Voters is { } voters)
            {
                sets.Add(new VotersAt(new Offset(i), voters));
            }
        }

        return sets;
    }
}
