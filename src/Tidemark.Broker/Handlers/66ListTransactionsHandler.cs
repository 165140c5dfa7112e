using System.Text.RegularExpressions;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 66, ListTransactions: the transactional ids that this broker coordinates, by state and producer (KIP-664). v1 by how long they
/// are open (KIP-994) · v2 by a pattern of the id (KIP-1152), which matches the whole id.
/// </summary>
public sealed class ListTransactionsHandler(TransactionService transactions)
    : MessageHandler<ListTransactionsRequest, ListTransactionsResponse>(ApiKey.ListTransactions, 0, 2)
{
    protected override ListTransactionsResponse Refusal(ListTransactionsRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override async ValueTask<ListTransactionsResponse> Answer(ListTransactionsRequest request, Request context)
    {
        var response = new ListTransactionsResponse();
        foreach (string state in request.StateFilters)
        {
            if (!Enum.GetNames<TransactionState>().Contains(state, StringComparer.Ordinal))
            {
                response.UnknownStateFilters.Add(state);
            }
        }

        Regex? ids = null;
        try
        {
            // Without going back, so that no pattern takes longer than the id is long.
            ids = request.TransactionalIdPattern is { Length: > 0 } pattern
                ? new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)
                : null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return new() { ErrorCode = ErrorCode.InvalidRegularExpression };
        }

        if (await transactions.List(request, ids) is { } listed)
        {
            response.TransactionStates = listed;
        }
        else
        {
            response.ErrorCode = ErrorCode.CoordinatorLoadInProgress;
        }

        return response;
    }
}
