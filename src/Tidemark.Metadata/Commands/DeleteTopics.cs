using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Deletes topics by name or by id. Before version 6 there are only names; a topic that is named twice is not deleted.</summary>
public static class DeleteTopics
{
    public static Decision<DeleteTopicsResponse> Decide(ControllerContext context, DeleteTopicsRequest request, short version)
    {
        List<DeleteTopicsRequest.DeleteTopicState> asked = version >= 6
            ? request.Topics
            : [.. request.TopicNames.Select(name => new DeleteTopicsRequest.DeleteTopicState { Name = name })];
        var response = new DeleteTopicsResponse();
        if (!context.Config.GetBoolean("delete.topic.enable"))
        {
            ErrorCode disabled = version < 3 ? ErrorCode.InvalidRequest : ErrorCode.TopicDeletionDisabled;
            response.Responses.AddRange(asked.Select(topic => Result(topic.Name, topic.TopicId, disabled, "Topics cannot be deleted: delete.topic.enable is false.")));
            return new Decision<DeleteTopicsResponse>([], response);
        }

        if (ControllerContext.IsTooLate(request.TimeoutMs))
        {
            response.Responses.AddRange(asked.Select(topic => Result(topic.Name, topic.TopicId, ErrorCode.RequestTimedOut, ControllerContext.TooLate)));
            return new Decision<DeleteTopicsResponse>([], response);
        }

        var records = new List<MetadataRecord>();
        HashSet<string> namedTwice = Repeated.Among(asked.Where(topic => topic.Name is not null && topic.TopicId.IsZero).Select(topic => topic.Name!));
        HashSet<Uuid> givenTwice = Repeated.Among(asked.Where(topic => topic.Name is null && !topic.TopicId.IsZero).Select(topic => topic.TopicId));
        response.Responses.AddRange(namedTwice.Select(name => Result(name, Uuid.Zero, ErrorCode.InvalidRequest, $"Topic {name} comes twice in the request.")));
        response.Responses.AddRange(givenTwice.Select(id => Result(null, id, ErrorCode.InvalidRequest, $"Topic id {id} comes twice in the request.")));
        HashSet<Uuid> byName = [.. asked.Where(topic => topic.Name is not null && topic.TopicId.IsZero && !namedTwice.Contains(topic.Name))
            .Select(topic => context.Image.Topics.Find(topic.Name!)?.Id ?? Uuid.Zero)];
        HashSet<Uuid> byId = [.. asked.Where(topic => topic.Name is null).Select(topic => topic.TopicId)];
        foreach (DeleteTopicsRequest.DeleteTopicState topic in asked)
        {
            bool isRepeated = (topic.Name is not null && topic.TopicId.IsZero && namedTwice.Contains(topic.Name))
                || (topic.Name is null && givenTwice.Contains(topic.TopicId));
            if (!isRepeated && Delete(context.Image, topic, byName, byId, records) is { } result)
            {
                response.Responses.Add(result);
            }
        }

        return new Decision<DeleteTopicsResponse>(records, response);
    }

    private static DeleteTopicsResponse.DeletableTopicResult? Delete(
        MetadataImage image, DeleteTopicsRequest.DeleteTopicState topic, HashSet<Uuid> byName, HashSet<Uuid> byId, List<MetadataRecord> records)
    {
        if (topic.Name is { } name)
        {
            if (!topic.TopicId.IsZero)
            {
                return Result(name, topic.TopicId, ErrorCode.InvalidRequest, $"Topic {name} comes with the id {topic.TopicId} too: allowed is one of them.");
            }

            if (image.Topics.Find(name) is not { } named)
            {
                return Result(name, Uuid.Zero, ErrorCode.UnknownTopicOrPartition, $"There is no topic {name}.");
            }

            if (byId.Contains(named.Id))
            {
                return Result(name, named.Id, ErrorCode.InvalidRequest, $"Topic {name} comes by its id {named.Id} too.");
            }

            records.Add(new RemoveTopicRecord { TopicId = named.Id });
            return Result(name, named.Id, ErrorCode.None, null);
        }

        if (topic.TopicId.IsZero)
        {
            return Result(null, Uuid.Zero, ErrorCode.InvalidRequest, "A topic comes with neither a name nor an id.");
        }

        if (image.Topics.Find(topic.TopicId) is not { } found)
        {
            return Result(null, topic.TopicId, ErrorCode.UnknownTopicId, $"There is no topic with the id {topic.TopicId}.");
        }

        if (byName.Contains(found.Id))
        {
            // The answer to the name says it already.
            return null;
        }

        records.Add(new RemoveTopicRecord { TopicId = found.Id });
        return Result(found.Name, found.Id, ErrorCode.None, null);
    }

    private static DeleteTopicsResponse.DeletableTopicResult Result(string? name, Uuid id, ErrorCode code, string? message) =>
        new() { Name = name!, TopicId = id, ErrorCode = code, ErrorMessage = message };
}
