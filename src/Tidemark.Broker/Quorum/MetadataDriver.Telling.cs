using Tidemark.Broker.Cluster;
using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// Holds back what is answered of topics until the other brokers know it too. A client that made a topic may ask any of them next, and would be told that
/// there is no such topic by one that hears of it some milliseconds later. What a broker knows to be committed stands in its fetches from the metadata log.
/// </summary>
public sealed partial class MetadataDriver
{
    /// <summary>Commands whose records are committed and in force here, with the log's end behind them and the moment when they are answered whoever knows.</summary>
    private readonly List<(Offset End, TimeSpan Until, PendingCommand Command)> _awaitingBrokers = [];

    private TimeSpan? TellDeadline => _awaitingBrokers.Count == 0 ? null : _awaitingBrokers.Min(each => each.Until);

    private void AnswerWhenTold(Offset end, PendingCommand command)
    {
        if (command.AwaitsBrokers)
        {
            // Nor longer than the client waits: to it a late answer is none.
            (TimeSpan patience, TimeSpan longest) = (_environment.Time.GetElapsedTime(0, command.Deadline), Now + TopicChanges.HeldBackMax);
            _awaitingBrokers.Add((end, patience < longest ? patience : longest, command));
        }
        else
        {
            _afterTurn.Add(command.Complete);
        }
    }

    /// <summary>In a turn: answers those whose records all brokers know, and those that have waited long enough.</summary>
    private void AnswerTold()
    {
        if (_awaitingBrokers.Count == 0)
        {
            return;
        }

        if (!_isActive)
        {
            // It is committed whoever leads now, and only a leader hears who knows.
            AnswerAllTold();
            return;
        }

        var known = new Offset(long.MaxValue);
        foreach (int broker in _committed.ToldOfTopics.Where(id => id != _options.NodeId))
        {
            known = Offset.Min(known, Member.CommittedKnownTo(new BrokerId(broker)));
        }

        _awaitingBrokers.RemoveAll(each =>
        {
            bool isDue = each.End <= known || each.Until <= Now;
            if (isDue)
            {
                _afterTurn.Add(each.Command.Complete);
            }

            return isDue;
        });
    }

    private void AnswerAllTold()
    {
        _afterTurn.AddRange(_awaitingBrokers.Select(each => (Action)each.Command.Complete));
        _awaitingBrokers.Clear();
    }
}
