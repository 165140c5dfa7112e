using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Producer ids, taken one by one out of blocks of 1,000 that the controller gives (KIP-730). An id is never given twice; what is left
/// of a block at a stop is lost.
/// </summary>
public sealed class ProducerIdBlocks(ClusterState cluster, IClusterCommands commands)
{
    /// <summary>Another request may empty a block before one that waited for it gets its turn.</summary>
    private const int TriesMax = 10;

    private readonly Lock _lock = new();
    private long _next;
    private long _end;
    private Task<ErrorCode>? _refill;

    public bool TryTake(out ProducerId id)
    {
        lock (_lock)
        {
            id = new ProducerId(_next);
            return _next < _end && _next++ >= 0;
        }
    }

    /// <summary>Takes an id, fetching a block first where none is left.</summary>
    public async ValueTask<(ErrorCode Error, ProducerId Id)> Take()
    {
        for (int i = 0; i < TriesMax; i++)
        {
            if (TryTake(out ProducerId id))
            {
                return (ErrorCode.None, id);
            }

            Task<ErrorCode> refill;
            lock (_lock)
            {
                refill = _refill ??= Refill();
                if (refill.IsCompleted)
                {
                    _refill = null;
                }
            }

            ErrorCode error = await refill;
            if (error != ErrorCode.None)
            {
                return (error, ProducerId.None);
            }
        }

        return (ErrorCode.CoordinatorLoadInProgress, ProducerId.None);
    }

    private async Task<ErrorCode> Refill()
    {
        var request = new AllocateProducerIdsRequest
        {
            BrokerId = cluster.Self.Value,
            BrokerEpoch = cluster.Find(cluster.Self)?.Epoch ?? -1,
        };
        AllocateProducerIdsResponse block;
        try
        {
            block = await commands.AllocateProducerIds(request);
        }
        catch
        {
            // Those who wait for it now hear of this; who comes later asks the controller, and is not told of what is over.
            lock (_lock)
            {
                _refill = null;
            }

            throw;
        }

        lock (_lock)
        {
            _refill = null;
            if (block.ErrorCode == ErrorCode.None)
            {
                _next = block.ProducerIdStart;
                _end = block.ProducerIdStart + block.ProducerIdLen;
                return ErrorCode.None;
            }
        }

        // What the client may do is ask again; why the controller refused is nothing to it.
        return ErrorCode.CoordinatorLoadInProgress;
    }
}
