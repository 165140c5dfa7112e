using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// Brings what is committed into this node's broker. New leaders and topics may mean to make and open thousands of logs. Other members of the quorum would
/// take one that is busy with that for dead, so it is done beside the turns: one image at a time, and after it the newest, whatever lies between. All else is
/// brought in within the turn, and so is everything where there are no other members.
/// </summary>
public sealed partial class MetadataDriver
{
    /// <summary>Commands whose records are committed, until the image with them is in force here: who made a topic finds it.</summary>
    private readonly Queue<(Offset End, PendingCommand Command)> _awaitingImage = new();

    /// <summary>Held while an image is brought in, and by whoever ends that.</summary>
    private readonly Lock _publishLock = new();
    private Action<MetadataImage> _publish = _ => { };

    /// <summary>The newest image that waits while another is brought in. Guarded, with what follows, by the queue's lock.</summary>
    private (MetadataImage Image, Offset End)? _toPublish;
    private MetadataImage _inForce = MetadataImage.Empty;
    private bool _isPublishing;

    private bool _isPublishingOver;
    private Offset _publishedEnd = Offset.Zero;

    /// <summary>In a turn: has the committed image brought in.</summary>
    private void BringIn()
    {
        bool isQuick;
        lock (_queueLock)
        {
            isQuick = IsAlone || ReferenceEquals(_inForce.Topics, _committed.Topics);
            if (_isPublishing || !isQuick)
            {
                _toPublish = (_committed, _committedEnd);
            }

            if (_isPublishing)
            {
                return;
            }

            _isPublishing = true;
            _inForce = _committed;
        }

        if (isQuick)
        {
            PublishNow(_committed);
            lock (_queueLock)
            {
                _isPublishing = false;
            }
        }
        else
        {
            _environment.Background.Post("publish metadata", PublishBeside);
        }
    }

    /// <summary>Beside the turns: brings in what waits until nothing does.</summary>
    private void PublishBeside()
    {
        while (true)
        {
            (MetadataImage Image, Offset End) next;
            lock (_queueLock)
            {
                if (_toPublish is not { } waiting)
                {
                    _isPublishing = false;
                    return;
                }

                (next, _toPublish, _inForce) = (waiting, null, waiting.Image);
            }

            try
            {
                PublishNow(next.Image);
            }
            catch (Exception e)
            {
                Fail(e, []);
                return;
            }

            // Nobody may refuse this: commands wait for it.
            Enqueue(new QuorumWork(() => _publishedEnd = Offset.Max(_publishedEnd, next.End), null), int.MaxValue);
        }
    }

    private void PublishNow(MetadataImage image)
    {
        lock (_publishLock)
        {
            if (!_isPublishingOver)
            {
                _publish(image);
            }
        }
    }

    /// <summary>Lets what is being brought in end, and nothing follow.</summary>
    private void StopBringingIn()
    {
        lock (_publishLock)
        {
            _isPublishingOver = true;
        }
    }

    /// <summary>In a turn: answers the commands whose records are committed, or hands them on to wait for the image.</summary>
    private void AnswerCommitted()
    {
        bool isPublishing;
        lock (_queueLock)
        {
            isPublishing = _isPublishing;
        }

        if (!isPublishing && !_publishIsDue)
        {
            _publishedEnd = _committedEnd;
        }

        while (_awaitingImage.TryPeek(out (Offset End, PendingCommand Command) next) && next.End <= _publishedEnd)
        {
            _awaitingImage.Dequeue();
            AnswerWhenTold(next.End, next.Command);
        }

        while (_awaiting.TryPeek(out (Offset End, PendingCommand Command) next) && next.End <= _committedEnd)
        {
            _awaiting.Dequeue();
            if (next.Command.AwaitsImage && next.End > _publishedEnd)
            {
                _awaitingImage.Enqueue(next);
            }
            else
            {
                AnswerWhenTold(next.End, next.Command);
            }
        }

        AnswerTold();
    }

    /// <summary>This node stops: what is committed is answered as such.</summary>
    private void AnswerAllCommitted()
    {
        while (_awaitingImage.TryDequeue(out (Offset End, PendingCommand Command) next))
        {
            _afterTurn.Add(next.Command.Complete);
        }

        AnswerAllTold();
    }
}
