using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>The metadata quorum of a process that is broker and controller in one: what the broker asks goes straight to the driver.</summary>
public sealed class LocalQuorum(MetadataDriver driver) : IMetadataQuorum
{
    public MetadataImage Load() => driver.Load();

    public void Start(Action<MetadataImage> publish) => driver.Start(publish);

    public Task<long> Register(LocalBroker broker) => driver.RegisterBroker(broker);

    public Task ReportOffline(IReadOnlyList<Uuid> directories) => driver.ReportDirectories(directories, null);

    public Task ReportCordoned(IReadOnlyList<Uuid> directories) => driver.ReportDirectories([], directories);

    public Task BeginShutdown() => driver.BeginShutdown();

    public void Stop() => driver.Close();

    public ValueTask<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request) =>
        new(driver.Submit(
            context => Metadata.Commands.CreateTopics.Decide(context, request),
            error => new CreateTopicsResponse
            {
                Topics = [.. request.Topics.Select(topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = error })],
            },
            request.TimeoutMs));

    public ValueTask<AlterPartitionResponse> AlterPartition(AlterPartitionRequest request) =>
        new(driver.Submit(
            context => Metadata.Commands.AlterPartition.Decide(context, request, AlterPartitionRequest.HighestVersion),
            error => new AlterPartitionResponse { ErrorCode = error }));

    public ValueTask<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request) =>
        new(driver.Submit(
            context => Metadata.Commands.AllocateProducerIds.Decide(context, request),
            error => new AllocateProducerIdsResponse { ErrorCode = error }));
}
