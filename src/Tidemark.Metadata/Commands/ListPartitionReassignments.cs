using Tidemark.Metadata.Image;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Lists the partitions that are being moved: of all topics, or of those asked for. What does not exist is left out.</summary>
public static class ListPartitionReassignments
{
    public static ListPartitionReassignmentsResponse Answer(MetadataImage image, ListPartitionReassignmentsRequest request)
    {
        var response = new ListPartitionReassignmentsResponse { ErrorMessage = null };
        IEnumerable<(TopicImage Topic, IEnumerable<PartitionImage?> Partitions)> asked = request.Topics is null
            ? image.Topics.InOrder().Select(topic => (topic, topic.Partitions.AsEnumerable<PartitionImage?>()))
            : from each in request.Topics
              let topic = image.Topics.Find(each.Name)
              where topic is not null
              select (topic, each.PartitionIndexes.Distinct().Select(topic.Partition));
        foreach ((TopicImage topic, IEnumerable<PartitionImage?> partitions) in asked)
        {
            var ongoing = new ListPartitionReassignmentsResponse.OngoingTopicReassignment { Name = topic.Name };
            foreach (PartitionImage? partition in partitions)
            {
                if (partition is { IsReassigning: true })
                {
                    ongoing.Partitions.Add(new ListPartitionReassignmentsResponse.OngoingPartitionReassignment
                    {
                        PartitionIndex = partition.Id,
                        Replicas = [.. partition.Replicas],
                        AddingReplicas = [.. partition.AddingReplicas],
                        RemovingReplicas = [.. partition.RemovingReplicas],
                    });
                }
            }

            if (ongoing.Partitions.Count > 0)
            {
                response.Topics.Add(ongoing);
            }
        }

        return response;
    }
}
