using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Primitives;

namespace Tidemark.Client.Consuming;

/// <summary>
/// Reads partitions that it is given, without a group. One fetch is under way at each leader; the next one is sent before the
/// answer to the last is handed out. For one caller at a time.
/// </summary>
public sealed class Consumer(ClusterClient cluster, ConsumerOptions options)
{
    private readonly Dictionary<TopicPartition, long> _positions = [];
    private readonly List<LeaderFetch> _fetches = [];
    private long? _troubledSince;

    /// <summary>Where reading goes on in each partition.</summary>
    public IReadOnlyDictionary<TopicPartition, long> Positions => _positions;

    /// <summary>Reads the partition from that offset on.</summary>
    public void Assign(TopicPartition partition, long offset) => _positions[partition] = offset;

    /// <summary>Reads the partitions from the offsets that the brokers find; a time after all records means their end.</summary>
    /// <exception cref="BrokerErrorException">There is no such partition, or its leader cannot say.</exception>
    public async Task AssignAsync(IEnumerable<TopicPartition> partitions, OffsetSpec from, CancellationToken cancellation = default)
    {
        List<TopicPartition> list = [.. partitions];
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> found =
            await cluster.ListOffsetsAsync(list.Select(partition => KeyValuePair.Create(partition, from)), cancellation, options.ReadCommitted);
        var none = new List<TopicPartition>();
        foreach (TopicPartition partition in list)
        {
            OffsetAnswer answer = found.TryGetValue(partition, out OffsetAnswer given) ? given : new(ErrorCode.UnknownTopicOrPartition, -1, -1, -1);
            BrokerErrorException.ThrowIfError(answer.Error, $"Looking up an offset of {partition}");
            if (answer.Offset >= 0)
            {
                _positions[partition] = answer.Offset;
            }
            else
            {
                none.Add(partition);
            }
        }

        if (none.Count > 0 && from != OffsetSpec.Latest)
        {
            await AssignAsync(none, OffsetSpec.Latest, cancellation);
        }
    }

    /// <summary>Reads the partition no more. What a fetch under way brings of it is dropped.</summary>
    public void Unassign(TopicPartition partition) => _positions.Remove(partition);

    /// <summary>Waits for the next answer of any leader. It may bring nothing, when nothing was written for as long as brokers wait.</summary>
    /// <exception cref="BrokerErrorException">A partition has an error that does not pass by itself.</exception>
    /// <exception cref="ClientException">Nothing but errors came for <see cref="ClientOptions.RetryMax"/>; this is the last of them.</exception>
    public async Task<FetchedRecords> FetchAsync(CancellationToken cancellation = default)
    {
        try
        {
            await SendFetchesAsync(cancellation);
        }
        catch (ClientException error) when (MayStillPass(error))
        {
            await RefreshSoonAsync(cancellation);
            return FetchedRecords.None;
        }

        if (_fetches.Count == 0)
        {
            await Task.Delay(cluster.Options.RetryBackoff, cancellation);
            return FetchedRecords.None;
        }

        await Task.WhenAny(_fetches.Select(fetch => fetch.Answer)).WaitAsync(cancellation);
        LeaderFetch done = _fetches.Find(fetch => fetch.Answer.IsCompleted)!;
        _fetches.Remove(done);
        try
        {
            FetchedRecords records = done.Take(await done.Answer, _positions, options.ChecksCrc, options.ReadCommitted);
            await RecoverAsync(done, cancellation);
            await SendFetchesAsync(cancellation);
            _troubledSince = done.Errors.Count == 0 ? null : _troubledSince;
            return records;
        }
        catch (ClientException error) when (MayStillPass(error))
        {
            await RefreshSoonAsync(cancellation);
            return FetchedRecords.None;
        }
    }

    private static bool MayPass(ClientException error) =>
        error is BrokerUnreachableException or RequestTimedOutException || (error is BrokerErrorException broker && broker.Code.IsRetriable());

    /// <summary>Whether to try again after the error: it may pass, and nothing but errors has not come for too long.</summary>
    private bool MayStillPass(ClientException error)
    {
        if (!MayPass(error))
        {
            return false;
        }

        _troubledSince ??= Environment.TickCount64;
        return Environment.TickCount64 - _troubledSince <= cluster.Options.RetryMax.TotalMilliseconds;
    }

    /// <summary>Sends a fetch to every leader at which none is under way.</summary>
    private async Task SendFetchesAsync(CancellationToken cancellation)
    {
        HashSet<TopicPartition> underWay = [.. _fetches.SelectMany(fetch => fetch.Partitions)];
        var wanted = new Dictionary<BrokerConnection, List<TopicPartition>>();
        foreach (TopicPartition partition in _positions.Keys.Where(partition => !underWay.Contains(partition)))
        {
            BrokerConnection leader = await cluster.ConnectToLeaderAsync(partition, cancellation);
            (wanted.TryGetValue(leader, out List<TopicPartition>? list) ? list : wanted[leader] = []).Add(partition);
        }

        foreach ((BrokerConnection leader, List<TopicPartition> partitions) in wanted)
        {
            _fetches.Add(LeaderFetch.Send(leader, partitions, _positions, cluster.Metadata, options));
        }
    }

    /// <summary>Deals with the partitions of an answer that had errors.</summary>
    private async Task RecoverAsync(LeaderFetch fetch, CancellationToken cancellation)
    {
        foreach ((TopicPartition partition, ErrorCode error) in fetch.Errors)
        {
            if (error == ErrorCode.OffsetOutOfRange && options.WhenOutOfRange is { } from)
            {
                await AssignAsync([partition], from, cancellation);
            }
            else if (new BrokerErrorException(error, $"Reading {partition}") is var failure && !MayStillPass(failure))
            {
                throw failure;
            }
        }

        if (fetch.Errors.Any(failed => failed.Error.IsRetriable()))
        {
            await RefreshSoonAsync(cancellation);
        }
    }

    private async Task RefreshSoonAsync(CancellationToken cancellation)
    {
        await Task.Delay(cluster.Options.RetryBackoff, cancellation);
        try
        {
            await cluster.RefreshOnceAsync(_positions.Keys.Select(partition => partition.Topic).Distinct(), cancellation: cancellation);
        }
        catch (ClientException error) when (MayPass(error))
        {
            // The next fetch meets the same trouble and comes back here.
        }
    }
}
