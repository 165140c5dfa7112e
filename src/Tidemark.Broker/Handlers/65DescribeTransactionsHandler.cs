using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>API key 65, DescribeTransactions: how the transactions of transactional ids stand (KIP-664).</summary>
public sealed class DescribeTransactionsHandler(TransactionService transactions)
    : MessageHandler<DescribeTransactionsRequest, DescribeTransactionsResponse>(ApiKey.DescribeTransactions, 0, 0)
{
    protected override DescribeTransactionsResponse Refusal(DescribeTransactionsRequest request, ErrorCode error, short version) => new()
    {
        TransactionStates = [.. request.TransactionalIds.Select(id => new DescribeTransactionsResponse.TransactionStateEntry { TransactionalId = id, ErrorCode = error })],
    };

    protected override async ValueTask<DescribeTransactionsResponse> Answer(DescribeTransactionsRequest request, Request context)
    {
        var response = new DescribeTransactionsResponse();
        foreach (string id in request.TransactionalIds)
        {
            response.TransactionStates.Add(await transactions.Describe(id));
        }

        return response;
    }
}
