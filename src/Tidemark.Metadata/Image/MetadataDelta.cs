using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>
/// Collects records on top of an image and makes the next image of them. Many records cost one copy of what they change.
/// A record that contradicts the state is a broken invariant: the log was decided on by a controller that knew better.
/// </summary>
public sealed class MetadataDelta(MetadataImage image)
{
    private readonly TopicsDelta _topics = new(image.Topics);
    private ImmutableSortedDictionary<int, BrokerImage>.Builder? _brokers;
    private ImmutableSortedDictionary<int, ControllerImage>.Builder? _controllers;
    private ImmutableSortedDictionary<string, short>.Builder? _features;
    private ImmutableSortedDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>.Builder? _configs;
    private ImmutableSortedDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>.Builder? _quotas;
    private ImmutableSortedDictionary<ScramUser, ScramCredentialImage>.Builder? _scram;
    private ImmutableSortedDictionary<Uuid, AccessControlEntryRecord>.Builder? _rules;
    private ImmutableSortedDictionary<string, DelegationTokenRecord>.Builder? _tokens;
    private long _nextProducerId = image.NextProducerId;

    private ImmutableSortedDictionary<int, BrokerImage>.Builder Brokers => _brokers ??= image.Brokers.ToBuilder();

    private ImmutableSortedDictionary<string, short>.Builder Features => _features ??= image.Features.ToBuilder();

    private ImmutableSortedDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>.Builder Configs =>
        _configs ??= image.Configs.ToBuilder();

    private ImmutableSortedDictionary<ScramUser, ScramCredentialImage>.Builder Scram => _scram ??= image.ScramCredentials.ToBuilder();

    public void Replay(IMetadataRecord record)
    {
        switch (record)
        {
            case RegisterBrokerRecord each:
                Brokers[each.BrokerId] = BrokerImage.Of(each);
                break;
            case UnregisterBrokerRecord each:
                Brokers.Remove(each.BrokerId);
                break;
            case FenceBrokerRecord each:
                Change(each.Id, each.Epoch, broker => broker with { IsFenced = true });
                break;
            case UnfenceBrokerRecord each:
                Change(each.Id, each.Epoch, broker => broker with { IsFenced = false });
                break;
            case BrokerRegistrationChangeRecord each:
                Change(each.BrokerId, each.BrokerEpoch, broker => broker.Merge(each));
                break;
            case RegisterControllerRecord each:
                (_controllers ??= image.Controllers.ToBuilder())[each.ControllerId] = ControllerImage.Of(each);
                break;
            case TopicRecord each:
                _topics.Add(each);
                break;
            case PartitionRecord each:
                _topics.Put(each);
                break;
            case PartitionChangeRecord each:
                _topics.Change(each);
                break;
            case RemoveTopicRecord each:
                // Topics take their configuration with them; no records say so.
                Configs.Remove(ConfigResource.Topic(_topics.Remove(each.TopicId)));
                break;
            case ClearElrRecord each:
                _topics.ClearEligibleLeaderReplicas(each.TopicName);
                break;
            case ConfigRecord each:
                Replay(each);
                break;
            case FeatureLevelRecord each:
                Replay(each);
                break;
            case ClientQuotaRecord each:
                Replay(each);
                break;
            case UserScramCredentialRecord each:
                // The message's bytes may be views on a buffer that is reused.
                Scram[new ScramUser(each.Name, each.Mechanism)] =
                    new ScramCredentialImage(each.Salt.ToArray(), each.StoredKey.ToArray(), each.ServerKey.ToArray(), each.Iterations);
                break;
            case RemoveUserScramCredentialRecord each:
                Scram.Remove(new ScramUser(each.Name, each.Mechanism));
                break;
            case ProducerIdsRecord each:
                _nextProducerId = each.NextProducerId;
                break;
            case AccessControlEntryRecord each:
                (_rules ??= image.AccessRules.ToBuilder())[each.Id] = each;
                break;
            case RemoveAccessControlEntryRecord each:
                (_rules ??= image.AccessRules.ToBuilder()).Remove(each.Id);
                break;
            case DelegationTokenRecord each:
                (_tokens ??= image.DelegationTokens.ToBuilder())[each.TokenId] = each;
                break;
            case RemoveDelegationTokenRecord each:
                (_tokens ??= image.DelegationTokens.ToBuilder()).Remove(each.TokenId);
                break;
            case NoOpRecord or ZkMigrationStateRecord or BeginTransactionRecord or EndTransactionRecord or AbortTransactionRecord:
                // They say something to those who read the log, and nothing of the cluster's state.
                break;
            default:
                throw new InvariantViolationException($"No metadata record of type {record.RecordType} can be applied.");
        }
    }

    /// <summary>The image with all collected records, as of the last one's place in the log.</summary>
    public MetadataImage ToImage(Offset lastOffset, LeaderEpoch epoch, long timestampMs) => image with
    {
        LastOffset = lastOffset,
        LastEpoch = epoch,
        LastTimestampMs = timestampMs,
        Topics = _topics.ToImage(),
        Brokers = _brokers?.ToImmutable() ?? image.Brokers,
        Controllers = _controllers?.ToImmutable() ?? image.Controllers,
        Features = _features?.ToImmutable() ?? image.Features,
        Configs = _configs?.ToImmutable() ?? image.Configs,
        ClientQuotas = _quotas?.ToImmutable() ?? image.ClientQuotas,
        ScramCredentials = _scram?.ToImmutable() ?? image.ScramCredentials,
        AccessRules = _rules?.ToImmutable() ?? image.AccessRules,
        DelegationTokens = _tokens?.ToImmutable() ?? image.DelegationTokens,
        NextProducerId = _nextProducerId,
    };

    private void Change(int id, long epoch, Func<BrokerImage, BrokerImage> change)
    {
        Invariant.Require(Brokers.TryGetValue(id, out BrokerImage? broker));
        Invariant.Require(broker.Epoch == epoch);
        Brokers[id] = change(broker);
    }

    private void Replay(ConfigRecord record)
    {
        var resource = new ConfigResource((ConfigResourceType)record.ResourceType, record.ResourceName);
        ImmutableSortedDictionary<string, string> values = Configs.TryGetValue(resource, out var old) ? old : MetadataImage.NoConfig;
        values = record.Value is null ? values.Remove(record.Name) : values.SetItem(record.Name, record.Value);
        if (values.IsEmpty)
        {
            Configs.Remove(resource);
        }
        else
        {
            Configs[resource] = values;
        }
    }

    private void Replay(FeatureLevelRecord record)
    {
        if (record.FeatureLevel == 0 && record.Name != MetadataVersion.Feature)
        {
            Features.Remove(record.Name);
        }
        else
        {
            Features[record.Name] = record.FeatureLevel;
        }
    }

    private void Replay(ClientQuotaRecord record)
    {
        _quotas ??= image.ClientQuotas.ToBuilder();
        var entity = QuotaEntity.Of(record);
        ImmutableSortedDictionary<string, double> values = _quotas.TryGetValue(entity, out var old)
            ? old
            : ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);
        values = record.Remove ? values.Remove(record.Key) : values.SetItem(record.Key, record.Value);
        if (values.IsEmpty)
        {
            _quotas.Remove(entity);
        }
        else
        {
            _quotas[entity] = values;
        }
    }
}
