using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>What the active controller does for leaderships unasked, beside watching the brokers.</summary>
public sealed partial class MetadataDriver
{
    private TimeSpan _nextBalance;
    private TimeSpan _nextUncleanLook;

    /// <summary>Brokers whose leaderships are going back to them, over more than one step.</summary>
    private readonly HashSet<int> _balancing = [];

    /// <summary>Reassignments whose replicas have to hear something, and where the log ended when that was seen.</summary>
    private readonly Dictionary<TopicIdPartition, Offset> _finishing = [];

    /// <summary>The topics in which nothing was left to finish: until they change there is nothing to look for.</summary>
    private TopicsImage? _finished;

    /// <summary>The image whose configuration was looked at last: a topic that allows unclean leaders from now on need not wait for the next look.</summary>
    private MetadataImage _configsSeen = MetadataImage.Empty;

    private TimeSpan BalanceEvery => TimeSpan.FromSeconds(_options.Config.GetLong("leader.imbalance.check.interval.seconds"));

    private void BeginLookingAfterLeaders()
    {
        _nextBalance = Now + BalanceEvery;
        _nextUncleanLook = Now;
        _balancing.Clear();
        _finishing.Clear();
        _finished = null;
    }

    private void FinishReassignments()
    {
        MetadataImage image = _replay.ToImage();
        if (ReferenceEquals(image.Topics, _finished))
        {
            return;
        }

        Append(Tidemark.Metadata.Commands.LookAfterLeaders.FinishReassignments(Context(image), Sessions, _finishing).Records);
        _finished = _finishing.Count == 0 ? image.Topics : null;
    }

    private void LookAfterLeaders()
    {
        FinishReassignments();
        if (Now >= _nextBalance)
        {
            int moved = 0;
            if (_options.Config.GetBoolean("auto.leader.rebalance.enable"))
            {
                Decision<int> decision = Tidemark.Metadata.Commands.LookAfterLeaders.Balance(Context(_replay.ToImage()), _balancing);
                Append(decision.Records);
                moved = decision.Response;
            }

            bool isUnfinished = moved == Tidemark.Metadata.Commands.LookAfterLeaders.ElectionsMax;
            _nextBalance = Now + (isUnfinished ? WatchEvery : BalanceEvery);
            if (!isUnfinished)
            {
                _balancing.Clear();
            }
        }

        MetadataImage image = _replay.ToImage();
        if (Now >= _nextUncleanLook || !ReferenceEquals(image.Configs, _configsSeen.Configs))
        {
            _configsSeen = image;
            _nextUncleanLook = Now + TimeSpan.FromMilliseconds(_options.Config.GetLong("unclean.leader.election.interval.ms"));
            Append(Tidemark.Metadata.Commands.LookAfterLeaders.ElectUnclean(Context(image)).Records);
        }
    }
}
