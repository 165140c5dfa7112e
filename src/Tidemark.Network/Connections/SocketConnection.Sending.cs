using Tidemark.Broker.Connections;

namespace Tidemark.Network.Connections;

/// <content>
/// Frames out. What is sent on the loop's thread leaves when the event at hand is through, several frames in one call. Other
/// threads write at once where the answer is in memory or short; longer file ranges are left to the loop, since they may have to wait
/// for the disk. A short one sent from elsewhere holds what was appended a moment ago: a fetch that waited for it.
/// </content>
internal abstract partial class SocketConnection
{
    /// <summary>Bytes written before other connections get their turn.</summary>
    private const long SentAtOnceMax = 4L << 20;

    /// <summary>Up to so many bytes of files leave at once from any thread: waking the loop for them costs more than reading them.</summary>
    private const int FileBytesAtOnceMax = 64 * 1024;

    private enum Next
    {
        /// <summary>Somebody will write it.</summary>
        Nothing,

        /// <summary>The caller writes it.</summary>
        Write,

        /// <summary>The connection has ended.</summary>
        Drop,
    }

    private Queue<OutboundFrame>? _queue;
    private AnswerWriter? _writer;
    private Action? _sendQueued;
    private long _queuedBytes;
    private bool _sending;
    private bool _sendPosted;
    private bool _wantsRoom;

    public void Send(OutboundFrame frame)
    {
        switch (Enqueue(frame))
        {
            case Next.Drop:
                frame.Dispose();
                break;
            case Next.Write:
                Pump();
                break;
        }
    }

    /// <summary>Writes what waits, unless it is being written or the socket is full. On the loop's thread.</summary>
    public void SendQueued()
    {
        lock (_lock)
        {
            _sendPosted = false;
            if (_closed || _sending || _wantsRoom || _queuedBytes == 0)
            {
                return;
            }

            _sending = true;
        }

        Pump();
    }

    private Next Enqueue(OutboundFrame frame)
    {
        lock (_lock)
        {
            if (_closed || _cutReason is not null)
            {
                return Next.Drop;
            }

            (_queue ??= new(1)).Enqueue(frame);
            _queuedBytes += frame.Length;
            if (_queuedBytes > QueuedBytesMax)
            {
                _hold |= Hold.Answers;
                UpdateInterest();
            }

            if (_sending || _sendPosted || _wantsRoom)
            {
                return Next.Nothing;
            }

            if (_loop.IsCurrent)
            {
                _sendPosted = true;
                _loop.SendSoon(this);
                return Next.Nothing;
            }

            if (HasLongFile(frame))
            {
                _sendPosted = true;
                _loop.Post(_sendQueued ??= SendQueued);
                return Next.Nothing;
            }

            _sending = true;
            return Next.Write;
        }
    }

    private static bool HasLongFile(OutboundFrame frame)
    {
        long bytes = 0;
        foreach (OutboundPart part in frame.Parts)
        {
            bytes += part.File is null ? 0 : part.Length;
        }

        return bytes > FileBytesAtOnceMax;
    }

    /// <summary>Writes until nothing is left, the socket is full or the turn is over. Only the thread that set the flag runs it.</summary>
    private void Pump()
    {
        AnswerWriter writer = _writer ??= new AnswerWriter();
        long budget = SentAtOnceMax;
        bool readsAgain = false;
        bool ends;
        string? failure;
        while (true)
        {
            WriteOutcome outcome = writer.Write(_descriptor, ref budget, out long written);
            if (written > 0)
            {
                Interlocked.Exchange(ref _lastActivity, Context.Time.GetTimestamp());
            }

            lock (_lock)
            {
                _queuedBytes -= written;
                if ((_hold & Hold.Answers) != 0 && _queuedBytes <= QueuedBytesMax / 2)
                {
                    _hold &= ~Hold.Answers;
                    readsAgain = true;
                    UpdateInterest();
                }

                failure = _cutReason ?? (outcome == WriteOutcome.Failed ? writer.Failure : null);
                if (failure is null && outcome == WriteOutcome.Done && _queue!.Count > 0)
                {
                    while (_queue.TryDequeue(out OutboundFrame? frame))
                    {
                        writer.Add(frame);
                    }

                    continue;
                }

                _sending = false;
                _wantsRoom = failure is null && outcome != WriteOutcome.Done;
                UpdateInterest();
                ends = outcome == WriteOutcome.Done && (_hold & Hold.Ends) != 0;
                break;
            }
        }

        if (failure is not null)
        {
            int error = writer.Error;
            RunOnLoop(() => Fail(failure, error));
        }
        else if (ends)
        {
            RunOnLoop(EndIfSent);
        }
        else if (readsAgain)
        {
            ContinueReadingSoon();
        }
    }

    private void RunOnLoop(Action action)
    {
        if (_loop.IsCurrent)
        {
            action();
        }
        else
        {
            _loop.Post(action);
        }
    }

    /// <summary>Releases what was never sent. After the close, when nobody sends any more.</summary>
    private void DropAnswers()
    {
        _writer?.Drop();
        while (_queue is not null && _queue.TryDequeue(out OutboundFrame? frame))
        {
            frame.Dispose();
        }
    }
}
