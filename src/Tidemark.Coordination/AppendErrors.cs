using Tidemark.Primitives;

namespace Tidemark.Coordination;

/// <summary>What a client of a coordinator is told when the coordinator could not write: not how its log fared, but whom to ask next and when.</summary>
public static class AppendErrors
{
    public static ErrorCode ForClients(ErrorCode ofAppend) => ofAppend switch
    {
        ErrorCode.UnknownTopicOrPartition or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut =>
            ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => ErrorCode.NotCoordinator,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize => ErrorCode.UnknownServerError,
        _ => ofAppend,
    };
}
