using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>What a client of a coordinator is told when the coordinator could not write: not how its log fared, but whom to ask next and when.</summary>
internal static class ShardErrors
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
