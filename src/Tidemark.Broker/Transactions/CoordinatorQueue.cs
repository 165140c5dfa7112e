using Tidemark.Broker.Links;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// What this broker wants of one coordinator: one request under way, the rest gathered for the next. A request names a transactional id
/// once, so writes of the same transaction join, and of two epochs the older one is fenced.
/// </summary>
public sealed class CoordinatorQueue(Func<AddPartitionsToTxnRequest, ValueTask<AddPartitionsToTxnResponse>> ask)
{
    private readonly Lock _lock = new();
    private Dictionary<string, List<CoordinatorAsk>> _waiting = [];
    private bool _isAsking;

    /// <summary>Asks with the next request.</summary>
    public void Add(CoordinatorAsk asked)
    {
        List<CoordinatorAsk>? fenced = null;
        bool begins = false;
        lock (_lock)
        {
            if (!_waiting.TryGetValue(asked.TransactionalId, out List<CoordinatorAsk>? same))
            {
                _waiting.Add(asked.TransactionalId, [asked]);
            }
            else if (same[0].Epoch == asked.Epoch && same[0].Producer == asked.Producer && same[0].VerifiesOnly == asked.VerifiesOnly)
            {
                same.Add(asked);
            }
            else if (asked.Producer == same[0].Producer && asked.Epoch < same[0].Epoch)
            {
                fenced = [asked];
            }
            else
            {
                fenced = same;
                _waiting[asked.TransactionalId] = [asked];
            }

            begins = !_isAsking;
            _isAsking = true;
        }

        foreach (CoordinatorAsk old in fenced ?? [])
        {
            // One of the same epoch is of a client that has begun anew; it may ask again. Of two producer ids nobody here can say which is the later
            // one: the epochs begin anew with it.
            bool isKnownToBeOld = old == asked || (old.Producer == asked.Producer && old.Epoch < asked.Epoch);
            old.Fail(isKnownToBeOld ? ErrorCode.InvalidProducerEpoch : ErrorCode.NetworkException);
        }

        if (begins)
        {
            _ = AskOneAfterAnother();
        }
    }

    private async Task AskOneAfterAnother()
    {
        while (Next() is { } batch)
        {
            AddPartitionsToTxnResponse response;
            try
            {
                response = await ask(RequestOf(batch));
            }
            catch (LinkException)
            {
                response = new() { ErrorCode = ErrorCode.NetworkException };
            }
            catch (Exception e) when (e is not InvariantViolationException)
            {
                // Whatever it was, the queue goes on, and the writers hear of it.
                response = new() { ErrorCode = ErrorCode.UnknownServerError };
            }

            foreach (List<CoordinatorAsk> same in batch.Values)
            {
                AddPartitionsToTxnResponse.AddPartitionsToTxnResult? result = response.ResultsByTransaction.Find(r => r.TransactionalId == same[0].TransactionalId);
                foreach (CoordinatorAsk asked in same)
                {
                    if (response.ErrorCode == ErrorCode.None)
                    {
                        asked.Take(result);
                    }
                    else
                    {
                        // Whether brokers may ask each other is nothing that a client could do anything about.
                        asked.Fail(response.ErrorCode == ErrorCode.ClusterAuthorizationFailed ? ErrorCode.InvalidTxnState : response.ErrorCode);
                    }
                }
            }
        }
    }

    private Dictionary<string, List<CoordinatorAsk>>? Next()
    {
        lock (_lock)
        {
            Dictionary<string, List<CoordinatorAsk>> batch = _waiting;
            if (batch.Count == 0)
            {
                _isAsking = false;
                return null;
            }

            _waiting = [];
            return batch;
        }
    }

    private static AddPartitionsToTxnRequest RequestOf(Dictionary<string, List<CoordinatorAsk>> batch)
    {
        var request = new AddPartitionsToTxnRequest();
        foreach (List<CoordinatorAsk> same in batch.Values)
        {
            var transaction = new AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction
            {
                TransactionalId = same[0].TransactionalId,
                ProducerId = same[0].Producer.Value,
                ProducerEpoch = same[0].Epoch,
                VerifyOnly = same[0].VerifiesOnly,
            };
            foreach (IGrouping<string, TopicPartition> topic in same.SelectMany(a => a.Partitions).Distinct().GroupBy(p => p.Topic))
            {
                transaction.Topics.Add(new() { Name = topic.Key, Partitions = [.. topic.Select(p => p.Partition)] });
            }

            request.Transactions.Add(transaction);
        }

        return request;
    }
}
