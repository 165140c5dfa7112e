using System.Text.RegularExpressions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Transactions;

public sealed partial class TransactionShard
{
    /// <summary>Describes a transactional id as it is committed. Answers a <see cref="DescribeTransactionsResponse.TransactionStateEntry"/>.</summary>
    public void Describe(long ticket, string id)
    {
        if (_ids.FindCommitted(id) is not { } known)
        {
            RespondAtOnce(ticket, new DescribeTransactionsResponse.TransactionStateEntry { TransactionalId = id, ErrorCode = ErrorCode.TransactionalIdNotFound });
            return;
        }

        var description = new DescribeTransactionsResponse.TransactionStateEntry
        {
            TransactionalId = id,
            TransactionState = known.State.ToString(),
            TransactionTimeoutMs = known.TimeoutMs,
            TransactionStartTimeMs = known.StartedMs,
            ProducerId = known.ProducerId,
            ProducerEpoch = known.Epoch,
        };
        foreach (IGrouping<string, TopicPartition> topic in known.Partitions.GroupBy(p => p.Topic).OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            description.Topics.Add(new() { Topic = topic.Key, Partitions = [.. topic.Select(p => p.Partition).Order()] });
        }

        RespondAtOnce(ticket, description);
    }

    /// <summary>
    /// Lists the transactional ids for which a request asks, as they are committed, by name. Answers a list of
    /// <see cref="ListTransactionsResponse.TransactionStateEntry"/>.
    /// </summary>
    /// <param name="ids">Which ids are wanted; null for all.</param>
    public void List(long ticket, ListTransactionsRequest request, Regex? ids, ShardTime now)
    {
        var listed = new List<ListTransactionsResponse.TransactionStateEntry>();
        foreach (TransactionMetadata known in _ids.Committed.Values.OrderBy(m => m.Id, StringComparer.Ordinal))
        {
            string state = known.State.ToString();
            if ((request.ProducerIdFilters.Count == 0 || request.ProducerIdFilters.Contains(known.ProducerId))
                && (request.StateFilters.Count == 0 || request.StateFilters.Contains(state))
                && (request.DurationFilter < 0 || now.UnixMs - known.StartedMs > request.DurationFilter)
                && (ids is null || ids.IsMatch(known.Id)))
            {
                listed.Add(new() { TransactionalId = known.Id, ProducerId = known.ProducerId, TransactionState = state });
            }
        }

        RespondAtOnce(ticket, listed);
    }
}
