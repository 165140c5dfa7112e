using Tidemark.Broker.Links;
using Tidemark.Broker.Quorum.Wire;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum;

/// <summary>What this member asks of others. Their answers come back as inputs of a later turn.</summary>
public sealed partial class MetadataDriver
{
    /// <summary>Answers with records, until the member says what becomes of them.</summary>
    private readonly Dictionary<RequestId, FetchedBatches> _fetched = [];
    private readonly QuorumPeers _peers;

    private void SendOutbox()
    {
        foreach (SendToPeer send in _outbox)
        {
            _ = Send(send);
        }

        _outbox.Clear();
    }

    private async Task Send(SendToPeer send)
    {
        if (_peers.AddressOf(send.Peer) is not { } address)
        {
            Enqueue(() => Member.OnRequestFailed(send.Request, Now));
            return;
        }

        NodeLink link = _peers.To(address, send);
        TimeSpan timeout = _options.Timeouts.Request;
        string listener = _options.ControllerListenerName;
        string cluster = _options.ClusterId;
        try
        {
            switch (send)
            {
                case SendVote vote:
                    VoteAnswer given = VoteWire.Read(await link.Send<VoteRequest, VoteResponse>(VoteWire.Request(vote.Ask, cluster), timeout, vote.Ask.IsPreVote ? (short)2 : (short)0), listener);
                    Enqueue(() => Member.OnVoteAnswered(send.Request, given, Now));
                    break;
                case SendBeginEpoch begin:
                    QuorumAnswer begun = BeginEpochWire.Read(await link.Send<BeginQuorumEpochRequest, BeginQuorumEpochResponse>(BeginEpochWire.Request(begin.Ask, cluster), timeout), listener);
                    Enqueue(() => Member.OnBeginEpochAnswered(send.Request, begun, Now));
                    break;
                case SendEndEpoch end:
                    QuorumAnswer ended = EndEpochWire.Read(await link.Send<EndQuorumEpochRequest, EndQuorumEpochResponse>(EndEpochWire.Request(end.Ask, cluster), timeout), listener);
                    Enqueue(() => Member.OnEndEpochAnswered(send.Request, ended, Now));
                    break;
                case SendFetch fetch:
                    await Fetch(link, fetch, timeout);
                    break;
                case SendFetchSnapshot piece:
                    await FetchSnapshot(link, piece, timeout);
                    break;
                default:
                    await SendVoterChange(link, send, timeout);
                    break;
            }
        }
        catch (LinkException e)
        {
            Enqueue(() =>
            {
                Member.OnRequestFailed(send.Request, Now);
                if (e.End == LinkEnd.Refused && send.Peer.Node != BrokerId.None)
                {
                    // The host answers and nobody listens: there is no process to wait for.
                    Member.OnNodeGone(send.Peer.Node, Now);
                }
            });
        }
    }

    private async Task Fetch(NodeLink link, SendFetch fetch, TimeSpan timeout)
    {
        LinkAnswer<FetchResponse> lease = await link.SendLeased<FetchRequest, FetchResponse>(
            FetchWire.Request(fetch.Ask, _options.ClusterId), timeout, lowestVersion: 17);
        FetchAnswer answer = FetchWire.Read(lease.Message, _options.ControllerListenerName, out ReadOnlyMemory<byte> records);
        Enqueue(
            () =>
            {
                if (answer.Error == ErrorCode.None && answer.HighWatermark > _leaderHighWatermark)
                {
                    _leaderHighWatermark = answer.HighWatermark;
                }

                _fetched[fetch.Request] = new FetchedBatches(records, lease);
                Member.OnFetchAnswered(fetch.Request, answer, Now);
                CarryOut();

                // What the member did not ask for does not count.
                if (_fetched.Remove(fetch.Request, out FetchedBatches? unused))
                {
                    unused.Dispose();
                }
            },
            lease.Dispose);
    }

    private async Task FetchSnapshot(NodeLink link, SendFetchSnapshot send, TimeSpan timeout)
    {
        LinkAnswer<FetchSnapshotResponse> lease = await link.SendLeased<FetchSnapshotRequest, FetchSnapshotResponse>(
            FetchSnapshotWire.Request(send.Ask, _options.ClusterId), timeout);
        Enqueue(
            () =>
            {
                using (lease)
                {
                    FetchSnapshotAnswer answer = FetchSnapshotWire.Read(lease.Message, _options.ControllerListenerName, out long position, out ReadOnlyMemory<byte> piece);
                    if (answer.Error == ErrorCode.None && position == send.Ask.Position)
                    {
                        Metadata.WritePiece(send.Ask.Snapshot, position, piece.Span);
                    }

                    Member.OnFetchSnapshotAnswered(send.Request, answer, Now);
                }
            },
            lease.Dispose);
    }

    /// <summary>Records of the metadata log as they came, and what keeps them alive.</summary>
    private sealed record FetchedBatches(ReadOnlyMemory<byte> Records, IDisposable Lease) : IDisposable
    {
        public void Dispose() => Lease.Dispose();
    }
}
