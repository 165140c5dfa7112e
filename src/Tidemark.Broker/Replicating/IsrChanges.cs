using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Replication;

namespace Tidemark.Broker.Replicating;

/// <summary>
/// Carries the leaders' proposals to the controller (AlterPartition, KIP-497): all that wait in one request, one request at a time, so that
/// a broker that leads thousands of partitions asks once when a follower stops. A partition has one proposal at a time; its core waits for
/// the answer. What failed on the way is asked again after a pause, for as long as the core still wants it.
/// </summary>
public sealed class IsrChanges(ClusterState cluster, IClusterCommands commands, DelayQueue delays, ILogger log) : IIsrChanges
{
    /// <summary>Bounds the request; the rest follows in the next one.</summary>
    private const int PartitionsPerRequestMax = 2000;

    private static readonly TimeSpan s_retryAfter = TimeSpan.FromMilliseconds(50);
    private readonly Lock _lock = new();
    private readonly Dictionary<Partition, IsrProposal> _waiting = [];
    private bool _isBusy;

    public void Propose(Partition partition, IsrProposal proposal)
    {
        lock (_lock)
        {
            _waiting[partition] = proposal;
            if (_isBusy)
            {
                return;
            }

            _isBusy = true;
        }

        _ = SendAll();
    }

    private async Task SendAll()
    {
        while (Take() is { Count: > 0 } taken)
        {
            if (await Send(taken))
            {
                // Busy until then, so that a controller that is away is not asked without pause.
                delays.Run(() => _ = SendAll(), s_retryAfter);
                return;
            }
        }
    }

    private List<KeyValuePair<Partition, IsrProposal>> Take()
    {
        lock (_lock)
        {
            List<KeyValuePair<Partition, IsrProposal>> taken = [.. _waiting.Take(PartitionsPerRequestMax)];
            foreach ((Partition partition, _) in taken)
            {
                _waiting.Remove(partition);
            }

            _isBusy = taken.Count > 0;
            return taken;
        }
    }

    /// <summary>True when something has to be asked again.</summary>
    private async Task<bool> Send(List<KeyValuePair<Partition, IsrProposal>> proposals)
    {
        AlterPartitionResponse? response = null;
        try
        {
            response = await commands.AlterPartition(Request(proposals));
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            // No controller, or none that answers: what is asked stands.
            IsrLog.NotAnswered(log, proposals.Count, e.Message);
        }

        Dictionary<(Uuid Topic, int Partition), AlterPartitionResponse.PartitionData> answers = [];
        if (response is { ErrorCode: ErrorCode.None })
        {
            foreach (AlterPartitionResponse.TopicData topic in response.Topics)
            {
                foreach (AlterPartitionResponse.PartitionData each in topic.Partitions)
                {
                    answers[(topic.TopicId, each.PartitionIndex)] = each;
                }
            }
        }
        else if (response is not null)
        {
            IsrLog.NotAnswered(log, proposals.Count, response.ErrorCode.ToString());
        }

        bool again = false;
        foreach ((Partition partition, IsrProposal proposal) in proposals)
        {
            ProposalFate fate = answers.TryGetValue((partition.TopicId, partition.Name.Partition), out AlterPartitionResponse.PartitionData? answer)
                ? partition.TakeDecision(proposal, Read(partition, answer))
                : ProposalFate.Retry;
            again |= fate == ProposalFate.Retry && PutBack(partition, proposal);
            IsrLog.Decided(log, partition.Name.ToString(), fate, answer?.ErrorCode ?? ErrorCode.None);
        }

        return again;
    }

    /// <summary>A newer proposal of the partition stands in for this one.</summary>
    private bool PutBack(Partition partition, IsrProposal proposal)
    {
        lock (_lock)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_waiting, partition, out _) ??= proposal;
            return true;
        }
    }

    private AlterPartitionRequest Request(List<KeyValuePair<Partition, IsrProposal>> proposals) => new()
    {
        BrokerId = cluster.Self.Value,
        BrokerEpoch = cluster.Find(cluster.Self)?.Epoch ?? -1,
        Topics =
        [
            .. proposals.GroupBy(each => each.Key.TopicId).Select(topic => new AlterPartitionRequest.TopicData
            {
                TopicId = topic.Key,
                Partitions = [.. topic.Select(each => Ask(each.Key, each.Value))],
            }),
        ],
    };

    private static AlterPartitionRequest.PartitionData Ask(Partition partition, IsrProposal proposal) => new()
    {
        PartitionIndex = partition.Name.Partition,
        LeaderEpoch = proposal.LeaderEpoch.Value,
        PartitionEpoch = proposal.PartitionEpoch,
        LeaderRecoveryState = (sbyte)proposal.Recovery,
        NewIsrWithEpochs =
        [
            .. proposal.Isr.Zip(proposal.BrokerEpochs, (id, epoch) => new AlterPartitionRequest.BrokerState { BrokerId = id.Value, BrokerEpoch = epoch }),
        ],
    };

    private static AlterPartitionAnswer Read(Partition partition, AlterPartitionResponse.PartitionData answer) =>
        answer.ErrorCode != ErrorCode.None
            ? new AlterPartitionAnswer(answer.ErrorCode, null)
            : new AlterPartitionAnswer(ErrorCode.None, new PartitionLeadership(
                new LeaderEpoch(answer.LeaderEpoch),
                answer.PartitionEpoch,
                partition.Replicas,
                [.. answer.Isr.Select(id => new BrokerId(id))],
                (LeaderRecovery)answer.LeaderRecoveryState));
}

/// <summary>What is logged of changes to the in-sync replicas. Event ids 1400–1409.</summary>
internal static partial class IsrLog
{
    [LoggerMessage(1400, LogLevel.Information, "The controller decided on the in-sync replicas of {Partition}: {Fate} ({Error})")]
    public static partial void Decided(ILogger log, string partition, ProposalFate fate, ErrorCode error);

    [LoggerMessage(1401, LogLevel.Warning, "The controller did not answer on the in-sync replicas of {Count} partitions: {Reason}")]
    public static partial void NotAnswered(ILogger log, int count, string reason);
}
