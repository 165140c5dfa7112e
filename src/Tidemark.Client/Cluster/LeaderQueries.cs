using Tidemark.Client.Connections;
using Tidemark.Primitives;

namespace Tidemark.Client.Cluster;

/// <summary>What a partition's leader answered; the value is the default where there is an error.</summary>
internal readonly record struct LeaderAnswer<T>(ErrorCode Error, T Value, string? Detail = null)
{
    /// <summary>The value.</summary>
    /// <exception cref="BrokerErrorException">There is none.</exception>
    public T Take(string what)
    {
        BrokerErrorException.ThrowIfError(Error, what, Detail);
        return Value;
    }
}

/// <summary>Asks the leaders of partitions, one request a leader.</summary>
internal static class LeaderQueries
{
    /// <summary>
    /// Asks until every partition has an answer that stays: a partition without a leader, a leader that is gone and errors that may pass are asked again, and only
    /// they, with fresh metadata. What stayed an error is in the answers; there is one for each partition.
    /// </summary>
    /// <param name="ask">Sends the request for partitions of one leader. A partition that its answer leaves out does not exist there.</param>
    /// <param name="once">Whether every leader is asked once only, and one that cannot be reached is an error of its partitions.</param>
    /// <exception cref="BrokerErrorException">A topic or a partition does not exist.</exception>
    /// <exception cref="ClientException">A leader could not be reached for <see cref="ClientOptions.RetryMax"/>.</exception>
    public static async Task<IReadOnlyDictionary<TopicPartition, LeaderAnswer<T>>> AskLeadersAsync<T>(
        this ClusterClient cluster,
        IEnumerable<TopicPartition> partitions,
        Func<BrokerConnection, IReadOnlyList<TopicPartition>, Task<IEnumerable<KeyValuePair<TopicPartition, LeaderAnswer<T>>>>> ask,
        bool once = false,
        CancellationToken cancellation = default)
    {
        var answers = new Dictionary<TopicPartition, LeaderAnswer<T>>();
        TopicPartition[] open = [.. partitions.Distinct()];
        bool isAgain = false;
        ClientException? unreached = null;
        if (once)
        {
            await AskOpenAsync();
            return answers;
        }

        await cluster.RetryAsync(AskOpenAsync, isOpen => isOpen, cancellation);
        return unreached is null ? answers : throw unreached;

        async Task<bool> AskOpenAsync()
        {
            await RefreshAsync(cluster, open, all: isAgain, cancellation);
            isAgain = true;
            unreached = null;
            IGrouping<BrokerId, TopicPartition>[] leaders = [.. open.GroupBy(cluster.Metadata.LeaderOf)];

            // All at once: several brokers that answer nothing cost no more time than one.
            var connecting = leaders.Where(led => led.Key != BrokerId.None).ToDictionary(led => led.Key, led => cluster.ConnectToAsync(led.Key, cancellation));
            foreach (IGrouping<BrokerId, TopicPartition> led in leaders)
            {
                try
                {
                    answers.Replace(led, led.Key == BrokerId.None ? ErrorCode.LeaderNotAvailable : ErrorCode.UnknownTopicOrPartition);
                    foreach ((TopicPartition partition, LeaderAnswer<T> answer) in led.Key == BrokerId.None ? [] : await ask(await connecting[led.Key], [.. led]))
                    {
                        answers[partition] = answer;
                    }
                }
                catch (ClientException failure) when (cluster.MayPass(failure))
                {
                    unreached = failure;
                    answers.Replace(led, ErrorCode.NetworkException);
                }
            }

            open = [.. open.Where(partition => answers[partition].Error.IsRetriable())];
            return open.Length > 0;
        }
    }

    /// <summary>Gives all of the partitions the same error.</summary>
    private static void Replace<T>(this Dictionary<TopicPartition, LeaderAnswer<T>> answers, IEnumerable<TopicPartition> partitions, ErrorCode error)
    {
        foreach (TopicPartition partition in partitions)
        {
            answers[partition] = new LeaderAnswer<T>(error, default!);
        }
    }

    /// <summary>Asks for the topics of all partitions anew, or of those without a known leader only.</summary>
    private static async Task RefreshAsync(ClusterClient cluster, IEnumerable<TopicPartition> partitions, bool all, CancellationToken cancellation)
    {
        string[] topics = [.. partitions.Where(partition => all || cluster.Metadata.LeaderOf(partition) == BrokerId.None).Select(partition => partition.Topic).Distinct()];
        if (topics.Length == 0)
        {
            return;
        }

        ClusterMetadata fresh = await cluster.RefreshOnceAsync(topics, cancellation: cancellation);
        foreach (TopicPartition partition in partitions)
        {
            TopicInfo? topic = fresh.Topics.GetValueOrDefault(partition.Topic);
            BrokerErrorException.ThrowIfError(topic?.Error ?? ErrorCode.UnknownTopicOrPartition, $"Topic {partition.Topic}");
            _ = topic!.Partition(partition.Partition);
        }
    }
}
