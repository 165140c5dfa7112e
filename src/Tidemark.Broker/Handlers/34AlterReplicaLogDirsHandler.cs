using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 34, AlterReplicaLogDirs: moves replicas to another log directory of this broker (KIP-113). The copy is made in the background
/// and takes the replica's place when it has caught up.
/// </summary>
public sealed class AlterReplicaLogDirsHandler(LogDirectories directories, PartitionRegistry partitions, ReplicaMover mover)
    : MessageHandler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>(ApiKey.AlterReplicaLogDirs, 1, 2)
{
    protected override AlterReplicaLogDirsResponse Refusal(AlterReplicaLogDirsRequest request, ErrorCode error, short version) => new()
    {
        Results =
        [
            .. request.Dirs.SelectMany(directory => directory.Topics).Select(topic => new AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult
            {
                TopicName = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(index => new AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult { PartitionIndex = index, ErrorCode = error }),
                ],
            }),
        ],
    };

    protected override ValueTask<AlterReplicaLogDirsResponse> Answer(AlterReplicaLogDirsRequest request, Request context)
    {
        var response = new AlterReplicaLogDirsResponse();
        var topics = new Dictionary<string, AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult>(StringComparer.Ordinal);
        foreach (AlterReplicaLogDirsRequest.AlterReplicaLogDir dir in request.Dirs)
        {
            LogDirectory? target = directories.All.FirstOrDefault(d => d.Path == dir.Path);
            foreach (AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic topic in dir.Topics)
            {
                if (!topics.TryGetValue(topic.Name, out AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult? answer))
                {
                    topics[topic.Name] = answer = new() { TopicName = topic.Name };
                    response.Results.Add(answer);
                }

                foreach (int index in topic.Partitions)
                {
                    answer.Partitions.Add(new()
                    {
                        PartitionIndex = index,
                        ErrorCode = target is null ? ErrorCode.LogDirNotFound
                            : partitions.Find(new TopicPartition(topic.Name, index)) is { } partition ? mover.Move(partition, target)
                            : ErrorCode.UnknownTopicOrPartition,
                    });
                }
            }
        }

        return new(response);
    }
}
