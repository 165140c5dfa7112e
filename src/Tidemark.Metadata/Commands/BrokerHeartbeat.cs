using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Moves a broker through its life: fenced until it has read the log up to its own registration and wants to be active; on its wish
/// shut down once it leads nothing any more and every live broker knows that. Lost and cordoned directories come with it too.
/// A broker that was active in this life never wants to be fenced: a heartbeat that says so is one of before, which came late. Heeded, it would
/// fence who serves under the lease that the answer to a later one has given it.
/// <para>
/// Who has not read yet that a leadership was taken from it is told that it is not caught up: its session goes on, its lease does not.
/// </para>
/// <para>
/// A broker that shuts down gives up its leaderships first and its place in the ISRs only when it has read that others lead. Until then
/// nothing can be committed without it, so that it cannot answer a read with an end that is older than what somebody else was told.
/// </para>
/// </summary>
public static class BrokerHeartbeat
{
    /// <param name="sessions">Who was heard of lately; touched in any case.</param>
    /// <param name="isLocal">True for the broker in the controller's own process.</param>
    public static Decision<BrokerHeartbeatResponse> Decide(
        ControllerContext context, BrokerHeartbeatRequest request, BrokerSessions sessions, bool isLocal = false)
    {
        if (!context.Image.Brokers.TryGetValue(request.BrokerId, out BrokerImage? broker) || broker.Epoch != request.BrokerEpoch)
        {
            return new Decision<BrokerHeartbeatResponse>([], new BrokerHeartbeatResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        var read = new Offset(request.CurrentMetadataOffset);
        sessions.Touch(broker.Id, broker.Epoch, context.UptimeMs, read);

        // A broker that does not know yet that it was fenced would lead on what others lead now.
        bool isCaughtUp = read.Value >= broker.Epoch && read >= sessions.FencedAt(broker.Id) && read >= sessions.TakenAt(broker.Id);
        BrokerImage next = WithDirectories(context, broker, request, out HashSet<Uuid> lost);
        bool shouldShutDown = false;
        bool knowsOthersLead = false;
        if (broker.IsFenced)
        {
            shouldShutDown = request.WantShutDown;
            next = !request.WantShutDown && !request.WantFence && isCaughtUp ? next with { IsFenced = false, IsInControlledShutdown = false } : next;
        }
        else if (request.WantShutDown && !broker.IsInControlledShutdown)
        {
            next = next with { IsInControlledShutdown = true };
        }
        else if (broker.IsInControlledShutdown)
        {
            bool leads = BrokerPartitions.Leads(context.Image, broker.Id);
            if (leads)
            {
                sessions.Left(broker.Id, context.NextOffset);
            }

            Offset left = sessions.LeftAt(broker.Id) ?? context.NextOffset - 1;
            sessions.Left(broker.Id, left);
            knowsOthersLead = !leads && read >= left;

            // Everybody must have read that others lead by now, or clients would be sent to a broker that is gone.
            shouldShutDown = knowsOthersLead
                && sessions.LeastMetadataOffset(context.Image.Brokers.Values.Where(each => each.IsActive).Select(each => each.Id)) >= left;
        }

        var records = new List<MetadataRecord>();
        if (next != broker)
        {
            bool isLast = context.Image.Brokers.Values.All(each => each.Id == broker.Id || !each.IsActive);
            bool stopsWithController = isLocal && isLast && !context.MayBeReplaced;
            Append(context, broker, next, lost, records, keepsLeaderships: stopsWithController && request.WantShutDown && !next.IsFenced);
            if (next.IsInControlledShutdown && !broker.IsInControlledShutdown)
            {
                shouldShutDown = isLast;
            }
        }
        else if (knowsOthersLead)
        {
            BrokerPartitions.Leave(new ClusterView(context.Image, context.Config, broker), broker.Id, cameBackUnclean: false, records);
        }

        if (next.IsInControlledShutdown && !broker.IsInControlledShutdown)
        {
            sessions.Left(broker.Id, context.NextOffset + (records.Count - 1));
        }

        if (next.IsFenced && !broker.IsFenced)
        {
            sessions.Fenced(broker.Id, context.NextOffset + (records.Count - 1));
        }

        if (records.Count == 0 && !next.IsFenced && !request.WantShutDown && context.MayBeReplaced)
        {
            // The broker will serve on the strength of the answer, so it is given only by who leads for certain.
            records.Add(new NoOpRecord());
        }

        var response = new BrokerHeartbeatResponse { IsCaughtUp = isCaughtUp, IsFenced = next.IsFenced, ShouldShutDown = shouldShutDown };
        return new Decision<BrokerHeartbeatResponse>(records, response);
    }

    /// <summary>Fences a broker whose session ran out. Nothing when it is fenced already.</summary>
    public static Decision<bool> Expire(ControllerContext context, int brokerId)
    {
        if (!context.Image.Brokers.TryGetValue(brokerId, out BrokerImage? broker) || broker.IsFenced)
        {
            return new Decision<bool>([], false);
        }

        var records = new List<MetadataRecord>();
        Append(context, broker, broker with { IsFenced = true }, [], records, keepsLeaderships: false);
        return new Decision<bool>(records, true);
    }

    private static BrokerImage WithDirectories(ControllerContext context, BrokerImage broker, BrokerHeartbeatRequest request, out HashSet<Uuid> lost)
    {
        lost = context.Version.HasDirectories ? [.. request.OfflineLogDirs.Where(broker.Directories.Contains)] : [];
        BrokerImage next = broker;
        if (lost.Count > 0)
        {
            HashSet<Uuid> gone = lost;
            next = next with { Directories = [.. broker.Directories.Where(directory => !gone.Contains(directory))] };
        }

        if (context.Version.HasCordonedDirectories && request.CordonedLogDirs is { } cordoned
            && (broker.CordonedDirectories is not { } known || !known.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(cordoned))))
        {
            next = next with { CordonedDirectories = [.. cordoned] };
        }

        return next;
    }

    /// <param name="keepsLeaderships">
    /// True when controller and broker stop together and nobody else is there: whoever could be told that the partitions have no leader is told nothing
    /// any more, and the broker that comes back cleanly goes on where it was.
    /// </param>
    private static void Append(
        ControllerContext context, BrokerImage before, BrokerImage after, HashSet<Uuid> lost, List<MetadataRecord> records, bool keepsLeaderships)
    {
        bool cordons = after.CordonedDirectories != before.CordonedDirectories;
        var record = new BrokerRegistrationChangeRecord
        {
            BrokerId = before.Id,
            BrokerEpoch = before.Epoch,
            Fenced = after.IsFenced == before.IsFenced ? (sbyte)0 : after.IsFenced ? (sbyte)1 : (sbyte)-1,
            InControlledShutdown = after.IsInControlledShutdown && !before.IsInControlledShutdown ? (sbyte)1 : (sbyte)0,
            LogDirs = lost.Count > 0 ? [.. after.Directories] : [],
            CordonedLogDirs = cordons && after.CordonedDirectories is { } cordoned ? [.. cordoned] : null,
        };

        // The lowest layout that holds the change, as Kafka writes it.
        short version = record.CordonedLogDirs is not null ? (short)3 : lost.Count > 0 ? (short)2 : record.InControlledShutdown != 0 ? (short)1 : (short)0;
        records.Add(record, version);
        var cluster = new ClusterView(context.Image, context.Config, after, lost: lost);
        if (before.IsActive && after is { IsInControlledShutdown: true, IsFenced: false })
        {
            if (!keepsLeaderships)
            {
                BrokerPartitions.GiveUpLeaderships(cluster, before.Id, records);
            }
        }
        else if (!before.IsFenced && !after.IsActive && !keepsLeaderships)
        {
            BrokerPartitions.Leave(cluster, before.Id, cameBackUnclean: false, records);
        }
        else if (!before.IsActive && after.IsActive)
        {
            BrokerPartitions.Join(cluster, before.Id, records);
        }
        else if (lost.Count > 0)
        {
            BrokerPartitions.LoseDirectories(cluster, before.Id, lost, records);
        }
    }
}
