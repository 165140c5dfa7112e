using System.Collections.Immutable;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Takes a starting broker into the cluster (KIP-631). It begins fenced, and its epoch is the place of its record in the log. The same
/// incarnation keeps its epoch; another one is refused while the last one's session lasts, unless that one is seen to be gone. A broker that does not prove a clean end of its last life leaves every ISR and ELR, because what it
/// acknowledged may be gone (KIP-966). The broker in the controller's own process is unfenced in the same step.
/// </summary>
public static class RegisterBroker
{
    /// <param name="sessions">Who was heard of lately; touched by the driver once the records are committed.</param>
    /// <param name="isLocal">True for the broker in the controller's own process: no other can live on its directories.</param>
    public static Decision<BrokerRegistrationResponse> Decide(
        ControllerContext context, BrokerRegistrationRequest request, BrokerSessions sessions, bool isLocal)
    {
        if (request.ClusterId != context.ClusterId)
        {
            return Refused(ErrorCode.InconsistentClusterId);
        }

        context.Image.Brokers.TryGetValue(request.BrokerId, out BrokerImage? old);
        bool isSameLife = old is not null && old.IncarnationId == request.IncarnationId;
        if (old is not null && !isSameLife && !isLocal && !old.IsInControlledShutdown && !IsGone(old, request, sessions)
            && sessions.IsValid(old.Id, old.Epoch, context.UptimeMs, context.Config.GetInt("broker.session.timeout.ms")))
        {
            return Refused(ErrorCode.DuplicateBrokerRegistration);
        }

        MetadataVersion version = context.Version;
        if ((version.HasDirectories && !AreItsOwn(context.Image, request)) || !request.Features.Exists(each => each.Name == MetadataVersion.Feature))
        {
            return Refused(ErrorCode.InvalidRegistration);
        }

        if (!SupportsFinalized(context, request))
        {
            return Refused(ErrorCode.UnsupportedVersion);
        }

        var broker = new BrokerImage
        {
            Id = request.BrokerId,
            Epoch = isSameLife ? old!.Epoch : context.NextOffset.Value,
            IncarnationId = request.IncarnationId,
            Endpoints = [.. request.Listeners.Select(each => new EndpointImage(each.Name, each.Host, each.Port, each.SecurityProtocol))],
            Features = request.Features.ToImmutableSortedDictionary(
                each => each.Name, each => new FeatureRange(each.MinSupportedVersion, each.MaxSupportedVersion), StringComparer.Ordinal),
            Rack = request.Rack,
            IsFenced = !isSameLife || old!.IsFenced,
            IsInControlledShutdown = isSameLife && old!.IsInControlledShutdown,
            Directories = [.. request.LogDirs],
        };
        var records = new List<MetadataRecord> { { broker.ToRecord(version), version.RegisterBrokerRecordVersion } };
        bool isClean = Plants.IsOn(Plant.SkipCleanShutdownMarker) || old is null || isSameLife || (request.PreviousBrokerEpoch == old.Epoch && old.Epoch >= 0);
        if (isLocal)
        {
            // It has read all that its controller has, so there is nothing to wait for.
            records.Add(new BrokerRegistrationChangeRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch, Fenced = -1 });
            BrokerImage active = broker with { IsFenced = false, IsInControlledShutdown = false };
            BrokerPartitions.Return(new ClusterView(context.Image, context.Config, active), broker.Id, cameBackUnclean: !isClean, records);
        }
        else if (old is not null && !isSameLife)
        {
            BrokerPartitions.Leave(new ClusterView(context.Image, context.Config, broker), broker.Id, cameBackUnclean: !isClean, records);
        }

        sessions.Touch(broker.Id, broker.Epoch, context.UptimeMs, Offset.Unknown);
        return new Decision<BrokerRegistrationResponse>(records, new BrokerRegistrationResponse { BrokerEpoch = broker.Epoch });
    }

    /// <summary>
    /// A process that ends takes its connections with it. When the one to the old life ended, nothing was heard of that life since, and the new life
    /// listens where the old one did, which two processes cannot do at once, then there is nobody whose session would have to be waited for.
    /// </summary>
    private static bool IsGone(BrokerImage old, BrokerRegistrationRequest request, BrokerSessions sessions) =>
        sessions.HasEnded(old.Id, old.Epoch)
        && request.Listeners.Exists(each => old.Endpoints.Any(at => at.Host == each.Host && at.Port == each.Port));

    private static bool SupportsFinalized(ControllerContext context, BrokerRegistrationRequest request)
    {
        Dictionary<string, FeatureRange> ranges = request.Features
            .GroupBy(feature => feature.Name, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => new FeatureRange(same.First().MinSupportedVersion, same.First().MaxSupportedVersion), StringComparer.Ordinal);

        // Also what is not in force, where the broker cannot do without it.
        return ranges.All(each => each.Value.Contains(LevelOf(each.Key)))
            && context.Image.Features.Keys.Append(FeatureTable.Kraft).All(name => LevelOf(name) == 0 || ranges.ContainsKey(name));

        short LevelOf(string name) =>
            name == MetadataVersion.Feature ? context.Version.Level
            : name == FeatureTable.Kraft ? context.KRaftVersion
            : context.Image.Features.GetValueOrDefault(name);
    }

    /// <summary>
    /// Whether the directories can be told from all others. One that another broker has registered is a copy of its disk, or the disk itself under another
    /// number: what is known of its replicas would be said of the wrong ones.
    /// </summary>
    private static bool AreItsOwn(MetadataImage image, BrokerRegistrationRequest request)
    {
        var directories = new HashSet<Uuid>(request.LogDirs);
        return directories.Count > 0
            && directories.Count == request.LogDirs.Count
            && !directories.Any(BrokerImage.IsReserved)
            && !image.Brokers.Values.Any(other => other.Id != request.BrokerId && other.Directories.Any(directories.Contains));
    }

    private static Decision<BrokerRegistrationResponse> Refused(ErrorCode code) =>
        new([], new BrokerRegistrationResponse { ErrorCode = code, BrokerEpoch = -1 });
}
