using Tidemark.Broker.Quorum.Wire;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum;

/// <summary>What other members of the quorum, and observers, ask this one for. Each is answered after the turn in which it was looked at.</summary>
public sealed partial class MetadataDriver
{
    private readonly List<HeldFetch> _held = [];
    private readonly Dictionary<ChangeId, Action<ErrorCode, string?>> _changes = [];
    private long _lastChange;

    /// <summary>A member asks something of this one that only concerns the quorum itself.</summary>
    /// <param name="ask">Runs in the turn.</param>
    /// <param name="refused">What is answered when this node stops.</param>
    internal Task<TAnswer> Ask<TAnswer>(Func<QuorumMember, TimeSpan, TAnswer> ask, TAnswer refused)
    {
        var done = new TaskCompletionSource<TAnswer>();
        Enqueue(
            () =>
            {
                TAnswer answer = ask(Member, Now);
                _afterTurn.Add(() => done.TrySetResult(answer));
            },
            () => done.TrySetResult(refused));
        return done.Task;
    }

    /// <summary>A member or an observer fetches from the metadata log. What finds nothing new waits for it, as long as the fetch allows.</summary>
    internal Task<(FetchAnswer Answer, Offset LogStart, ReadOnlyMemory<byte> Records)> Fetch(FetchAsk ask, int bytesMax)
    {
        var held = new HeldFetch(ask, bytesMax, this);
        Enqueue(
            () =>
            {
                FetchVerdict verdict = Member.OnFetchAsked(ask, Now);
                if (!verdict.MayBeHeld || ask.MaxWait <= TimeSpan.Zero)
                {
                    Answer(held, verdict.Answer);
                }
                else
                {
                    _held.Add(held);
                    _delays.Add(held, ask.MaxWait);
                }
            },
            () => held.Done.TrySetResult((new FetchAnswer(ErrorCode.NotLeaderOrFollower, null, LeaderEpoch.Unknown, Offset.Unknown), Offset.Unknown, default)));
        return held.Done.Task;
    }

    /// <summary>Reads a piece of a snapshot for a member that asked for it.</summary>
    internal Task<(QuorumAnswer Answer, long Size, ReadOnlyMemory<byte> Piece)> FetchSnapshot(FetchSnapshotAsk ask, int bytesMax) => Ask(
        (member, now) =>
        {
            QuorumAnswer answer = member.OnFetchSnapshotAsked(ask, now);
            if (answer.Error != ErrorCode.None)
            {
                return (answer, 0L, default);
            }

            ReadOnlyMemory<byte>? piece = Metadata.ReadPiece(ask.Snapshot, ask.Position, Math.Min(bytesMax, FetchSnapshotWire.PieceBytesMax), out long size);
            return piece is { } bytes
                ? (answer, size, bytes)
                : (answer with { Error = size < 0 ? ErrorCode.SnapshotNotFound : ErrorCode.PositionOutOfRange }, 0L, default);
        },
        (new QuorumAnswer(ErrorCode.NotLeaderOrFollower, null, LeaderEpoch.Unknown), 0L, (ReadOnlyMemory<byte>)default));

    /// <summary>Begins a change of voters; completes when it is decided, with an error and what more is to say of it.</summary>
    internal Task<(ErrorCode Error, string? Message)> ChangeVoters(Action<QuorumMember, ChangeId, TimeSpan> change)
    {
        var done = new TaskCompletionSource<(ErrorCode, string?)>();
        Enqueue(
            () =>
            {
                var id = new ChangeId(++_lastChange);
                _changes[id] = (error, message) => _afterTurn.Add(() => done.TrySetResult((error, message)));
                change(Member, id, Now);
            },
            () => done.TrySetResult((ErrorCode.NotController, null)));
        return done.Task;
    }

    private void AnswerChange(AnswerVoterChange answer)
    {
        if (_changes.Remove(answer.Change, out Action<ErrorCode, string?>? waiting))
        {
            waiting(answer.Error, answer.Message);
        }
    }

    /// <summary>Looks again at every fetch that waits: the log may have grown, more may be committed, the leader may be another.</summary>
    private void AnswerHeldFetches()
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            HeldFetch held = _held[i];
            FetchVerdict verdict = Member.OnHeldFetchDue(held.Ask);
            if (!verdict.MayBeHeld && held.TryFinish())
            {
                _held.RemoveAt(i);
                Answer(held, verdict.Answer);
            }
        }
    }

    private void OnHeldTooLong(HeldFetch held) => Enqueue(
        () =>
        {
            _held.Remove(held);
            Answer(held, Member.OnHeldFetchDue(held.Ask).Answer);
        },
        () => held.Done.TrySetResult((new FetchAnswer(ErrorCode.NotLeaderOrFollower, null, LeaderEpoch.Unknown, Offset.Unknown), Offset.Unknown, default)));

    private void Answer(HeldFetch held, FetchAnswer answer)
    {
        ReadOnlyMemory<byte> records = answer is { Error: ErrorCode.None, Diverging: null, Snapshot: null }
            ? Metadata.ReadFor(held.Ask.End.EndOffset, held.BytesMax)
            : default;
        Offset start = Metadata.Log.LogStart;
        _afterTurn.Add(() => held.Done.TrySetResult((answer, start, records)));
    }

    private sealed class HeldFetch(FetchAsk ask, int bytesMax, MetadataDriver driver) : Delayed
    {
        public FetchAsk Ask => ask;

        public int BytesMax => bytesMax;

        public TaskCompletionSource<(FetchAnswer Answer, Offset LogStart, ReadOnlyMemory<byte> Records)> Done { get; } = new();

        protected internal override void OnExpired() => driver.OnHeldTooLong(this);
    }
}
