using System.Collections.Immutable;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>Where a node listens.</summary>
/// <param name="SecurityProtocol">Kafka's number: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.</param>
public sealed record EndpointImage(string ListenerName, string Host, ushort Port, short SecurityProtocol);

/// <summary>The levels of a feature that a node can work with.</summary>
public sealed record FeatureRange(short Lowest, short Highest)
{
    public bool Contains(short level) => level >= Lowest && level <= Highest;
}

/// <summary>A broker as it registered, and what became of it.</summary>
public sealed record BrokerImage
{
    public required int Id { get; init; }

    /// <summary>The offset of the registration's record; a restarted broker gets a new one.</summary>
    public required long Epoch { get; init; }

    /// <summary>Names one life of the broker's process.</summary>
    public required Uuid IncarnationId { get; init; }

    public required ImmutableArray<EndpointImage> Endpoints { get; init; }

    public required ImmutableSortedDictionary<string, FeatureRange> Features { get; init; }

    public string? Rack { get; init; }

    /// <summary>A fenced broker is not in sync, leads nothing and is not told to clients.</summary>
    public bool IsFenced { get; init; } = true;

    public bool IsInControlledShutdown { get; init; }

    public ImmutableArray<Uuid> Directories { get; init; } = [];

    /// <summary>Directories that take no new partitions; null when the broker never said.</summary>
    public ImmutableArray<Uuid>? CordonedDirectories { get; init; }

    /// <summary>Ids of directories below this have a meaning of their own (KIP-858): not assigned, lost, moving.</summary>
    private const ulong ReservedIds = 100;

    /// <summary>True for the ids that no directory can have.</summary>
    public static bool IsReserved(Uuid directory) => directory.High == 0 && directory.Low < ReservedIds;

    /// <summary>True when partitions may be led from here.</summary>
    public bool IsActive => !IsFenced && !IsInControlledShutdown;

    /// <summary>True when new partitions may be placed here: not where every directory is closed to them (KIP-1066).</summary>
    public bool TakesPartitions => IsActive && (Directories.IsEmpty || CordonedDirectories is not { } cordoned || !Directories.All(cordoned.Contains));

    /// <summary>False when the directory is known to be lost. One that was not assigned yet is not, nor are those of a broker that never named any.</summary>
    public bool HasDirectory(Uuid directory) => directory.IsZero || Directories.IsEmpty || Directories.Contains(directory);

    public EndpointImage? Endpoint(string listenerName) => Endpoints.FirstOrDefault(endpoint => endpoint.ListenerName == listenerName);

    public static BrokerImage Of(RegisterBrokerRecord record) => new()
    {
        Id = record.BrokerId,
        Epoch = record.BrokerEpoch,
        IncarnationId = record.IncarnationId,
        Endpoints = [.. record.EndPoints.Select(each => new EndpointImage(each.Name, each.Host, each.Port, each.SecurityProtocol))],
        Features = record.Features.ToImmutableSortedDictionary(
            each => each.Name, each => new FeatureRange(each.MinSupportedVersion, each.MaxSupportedVersion), StringComparer.Ordinal),
        Rack = record.Rack,
        IsFenced = record.Fenced,
        IsInControlledShutdown = record.InControlledShutdown,
        Directories = [.. record.LogDirs],
        CordonedDirectories = record.CordonedLogDirs is { } cordoned ? [.. cordoned] : null,
    };

    public BrokerImage Merge(BrokerRegistrationChangeRecord change) => this with
    {
        IsFenced = change.Fenced == 0 ? IsFenced : change.Fenced > 0,
        IsInControlledShutdown = IsInControlledShutdown || change.InControlledShutdown > 0,
        Directories = change.LogDirs.Count == 0 ? Directories : [.. change.LogDirs],
        CordonedDirectories = change.CordonedLogDirs is { } cordoned ? [.. cordoned] : CordonedDirectories,
    };

    public RegisterBrokerRecord ToRecord(MetadataVersion version) => new()
    {
        BrokerId = Id,
        IncarnationId = IncarnationId,
        BrokerEpoch = Epoch,
        EndPoints = [.. Endpoints.Select(each => new RegisterBrokerRecord.BrokerEndpoint
        {
            Name = each.ListenerName,
            Host = each.Host,
            Port = each.Port,
            SecurityProtocol = each.SecurityProtocol,
        })],
        Features = [.. Features.Select(each => new RegisterBrokerRecord.BrokerFeature
        {
            Name = each.Key,
            MinSupportedVersion = each.Value.Lowest,
            MaxSupportedVersion = each.Value.Highest,
        })],
        Rack = Rack,
        Fenced = IsFenced,
        InControlledShutdown = IsInControlledShutdown,
        LogDirs = version.HasDirectories ? [.. Directories] : [],
        CordonedLogDirs = version.HasCordonedDirectories && CordonedDirectories is { } cordoned ? [.. cordoned] : null,
    };
}

/// <summary>A controller as it registered.</summary>
public sealed record ControllerImage
{
    public required int Id { get; init; }

    public required Uuid IncarnationId { get; init; }

    public required ImmutableArray<EndpointImage> Endpoints { get; init; }

    public required ImmutableSortedDictionary<string, FeatureRange> Features { get; init; }

    public static ControllerImage Of(RegisterControllerRecord record) => new()
    {
        Id = record.ControllerId,
        IncarnationId = record.IncarnationId,
        Endpoints = [.. record.EndPoints.Select(each => new EndpointImage(each.Name, each.Host, each.Port, each.SecurityProtocol))],
        Features = record.Features.ToImmutableSortedDictionary(
            each => each.Name, each => new FeatureRange(each.MinSupportedVersion, each.MaxSupportedVersion), StringComparer.Ordinal),
    };

    public RegisterControllerRecord ToRecord() => new()
    {
        ControllerId = Id,
        IncarnationId = IncarnationId,
        EndPoints = [.. Endpoints.Select(each => new RegisterControllerRecord.ControllerEndpoint
        {
            Name = each.ListenerName,
            Host = each.Host,
            Port = each.Port,
            SecurityProtocol = each.SecurityProtocol,
        })],
        Features = [.. Features.Select(each => new RegisterControllerRecord.ControllerFeature
        {
            Name = each.Key,
            MinSupportedVersion = each.Value.Lowest,
            MaxSupportedVersion = each.Value.Highest,
        })],
    };
}
