using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Topics of which this broker has read that they were made, grown or deleted, and whose logs it is still opening. The controller answers such a change when all
/// brokers have read of it, and no controller can wait for their disks: whoever asks here for such a topic waits until it is in force.
/// </summary>
public sealed class ComingTopics
{
    private readonly ClusterState _cluster;
    private readonly IMetadataQuorum _quorum;
    private readonly IBackground _background;
    private readonly DelayQueue _delays;
    private readonly Lock _lock = new();
    private readonly HashSet<Waiter> _waiting = [];

    public ComingTopics(ClusterState cluster, IMetadataQuorum quorum, IBackground background, DelayQueue delays)
    {
        (_cluster, _quorum, _background, _delays) = (cluster, quorum, background, delays);
        cluster.Taken = OnTaken;
    }

    /// <summary>Completes when what was read of the topics is in force, or was waited for long enough; null where there is nothing to wait for.</summary>
    /// <param name="find">Each topic that is asked for, in the metadata given; null for all there are.</param>
    public Task? Of(IEnumerable<Func<TopicsImage, TopicImage?>>? find)
    {
        MetadataImage inForce = _cluster.Image, committed = _quorum.Committed;
        if (ReferenceEquals(inForce.Topics, committed.Topics)
            || !(find?.Any(topic => Differ(topic(inForce.Topics), topic(committed.Topics))) ?? inForce.Topics.Count != committed.Topics.Count))
        {
            return null;
        }

        var waiter = new Waiter(this, committed.LastOffset);
        lock (_lock)
        {
            if (_cluster.Image.LastOffset >= waiter.For)
            {
                return null;
            }

            _waiting.Add(waiter);
        }

        _delays.Add(waiter, TopicChanges.HeldBackMax);
        return waiter.Done.Task;
    }

    private static bool Differ(TopicImage? one, TopicImage? other) => one?.Id != other?.Id || one?.Partitions.Length != other?.Partitions.Length;

    private void OnTaken(MetadataImage image)
    {
        List<Waiter> due = [];
        lock (_lock)
        {
            _waiting.RemoveWhere(each =>
            {
                bool isDue = each.For <= image.LastOffset;
                if (isDue && each.TryFinish())
                {
                    due.Add(each);
                }

                return isDue;
            });
        }

        if (due.Count > 0)
        {
            // Not right here: whoever waits goes on at once, and there is metadata to be brought in.
            _background.Post("topics in force", () => due.ForEach(each => each.Done.SetResult()));
        }
    }

    private void OnExpired(Waiter waiter)
    {
        lock (_lock)
        {
            _waiting.Remove(waiter);
        }

        waiter.Done.SetResult();
    }

    private sealed class Waiter(ComingTopics coming, Offset @for) : Delayed
    {
        public Offset For => @for;

        public TaskCompletionSource Done { get; } = new();

        protected internal override void OnExpired() => coming.OnExpired(this);
    }
}
