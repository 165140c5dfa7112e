using Tidemark.Broker.Connections;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;

namespace Tidemark.Broker.Producing;

/// <summary>
/// A produce request whose batches stand in the logs and that waits, with acks=all, until every one of them is committed or refused, or
/// until its time is up.
/// </summary>
internal sealed class ProduceCall(Request request, ProduceTopic[] topics, ProducePartition[] partitions, int count, ProduceAnswer answer)
    : Delayed, ICommitListener
{
    /// <summary>One more than the partitions that wait: the last one is the registration itself, so that nothing is answered during it.</summary>
    private int _waiting = 1;

    /// <summary>Registers with all partitions; answers at once when nothing has to be waited for.</summary>
    public void AwaitAll(DelayQueue delays, int timeoutMs)
    {
        for (int i = 0; i < count; i++)
        {
            ref ProducePartition p = ref partitions[i];
            if (p.Outcome.Error != ErrorCode.None)
            {
                continue;
            }

            Interlocked.Increment(ref _waiting);
            if (p.Partition!.AwaitCommit(p.Outcome.End, p.Outcome.Epoch, this, i) is { } decided)
            {
                OnCommitted(i, decided);
            }
        }

        if (Volatile.Read(ref _waiting) > 1)
        {
            delays.Add(this, TimeSpan.FromMilliseconds(Math.Max(0, timeoutMs)));
        }

        Arrive();
    }

    public void OnCommitted(int slot, ErrorCode error)
    {
        ref ProducePartition p = ref partitions[slot];
        lock (partitions)
        {
            if (!p.Decided)
            {
                p.Decided = true;
                if (error != ErrorCode.None)
                {
                    p.Outcome = AppendOutcome.Failed(error);
                }
            }
        }

        Arrive();
    }

    protected internal override void OnExpired()
    {
        lock (partitions)
        {
            for (int i = 0; i < count; i++)
            {
                ref ProducePartition p = ref partitions[i];
                if (!p.Decided && p.Outcome.Error == ErrorCode.None)
                {
                    // The batch stands in the log and may still be committed: the producer cannot know.
                    p.Decided = true;
                    p.Outcome = AppendOutcome.Failed(ErrorCode.RequestTimedOut);
                    p.Partition!.StopAwaiting(this);
                }
            }
        }

        answer.Send(request, topics, partitions, count);
    }

    private void Arrive()
    {
        if (Interlocked.Decrement(ref _waiting) == 0 && TryFinish())
        {
            answer.Send(request, topics, partitions, count);
        }
    }
}
