using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Client.Groups;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Commands;

/// <summary>
/// Reads a topic as a member of a group: what the group has committed is where it goes on, and what was printed is committed. A record that was printed
/// and not committed, because this process was killed, is printed again by whoever gets its partition.
/// </summary>
internal sealed class GroupReading(ClusterCall call, string topic, string group, OffsetSpec start, ConsumerOptions options, RecordPrinter printer, bool follow, long max)
{
    private static readonly TimeSpan s_commitEvery = TimeSpan.FromSeconds(1);

    /// <summary>Less than the time after which an interrupted process ends in any case.</summary>
    private static readonly TimeSpan s_leaveMax = TimeSpan.FromSeconds(1.5);

    private readonly GroupMember _member = new(call.Cluster, new GroupMemberOptions { Group = group, Topics = [topic] });
    private readonly Dictionary<TopicPartition, long> _read = [];
    private long _left = max;

    public async Task<int> RunAsync()
    {
        try
        {
            do
            {
                while (await ReadGenerationAsync())
                {
                }
            }
            while (!await _member.CommitAsync(_read, call.Cancellation));

            await _member.LeaveAsync(call.Cancellation);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (follow)
        {
            // Ctrl-C is how following ends.
            return await TryLeaveAsync() ? ExitCode.Success
                : throw new CommandException(ExitCode.Unreachable, $"group {group}: what was printed last is not committed");
        }
        catch
        {
            await TryLeaveAsync();
            throw;
        }
    }

    /// <summary>Commits what was printed and leaves, where nobody waits any more for a coordinator that is not there. False when something is not committed.</summary>
    private async Task<bool> TryLeaveAsync()
    {
        using var limit = new CancellationTokenSource(s_leaveMax);
        bool isCommitted = _read.Count == 0;
        try
        {
            isCommitted |= await _member.CommitAsync(_read, limit.Token);
            await _member.LeaveAsync(limit.Token);
        }
        catch (Exception failure) when (failure is ClientException or OperationCanceledException)
        {
            // The session ends by itself.
        }

        return isCommitted;
    }

    /// <summary>Reads until the group rebalances. False when there is nothing more to read.</summary>
    private async Task<bool> ReadGenerationAsync()
    {
        IReadOnlyList<TopicPartition> assigned = await _member.JoinAsync(call.Cancellation);
        var consumer = new Consumer(call.Cluster, options);
        IReadOnlyDictionary<TopicPartition, GroupOffset> committed = await call.Cluster.GroupOffsetsAsync(group, assigned, requireStable: true, call.Cancellation);
        foreach (TopicPartition partition in _read.Keys.ToArray())
        {
            // Printed in an earlier generation, which ended before it was committed: committed in this one, unless the partition is another's, or one came further.
            if (!assigned.Contains(partition) || (committed.TryGetValue(partition, out GroupOffset known) && known.Offset >= _read[partition]))
            {
                _read.Remove(partition);
            }
        }

        foreach (TopicPartition partition in assigned.Where(p => _read.ContainsKey(p) || committed.ContainsKey(p)))
        {
            consumer.Assign(partition, _read.TryGetValue(partition, out long printed) ? printed : committed[partition].Offset);
        }

        await consumer.AssignAsync(assigned.Where(p => !_read.ContainsKey(p) && !committed.ContainsKey(p)), start, call.Cancellation);
        long committedAt = Environment.TickCount64;
        while (_left > 0 && (follow || consumer.IsReading))
        {
            if (consumer.IsReading)
            {
                await FetchAsync(consumer);
            }
            else
            {
                await Task.Delay(call.Cluster.Options.RetryBackoff, call.Cancellation);
            }

            if (follow)
            {
                await Console.Out.FlushAsync(CancellationToken.None);
            }

            if (!await _member.StaysAsync(call.Cancellation))
            {
                await _member.CommitAsync(_read, call.Cancellation);
                return true;
            }

            if (Environment.TickCount64 - committedAt > s_commitEvery.TotalMilliseconds)
            {
                if (!await _member.CommitAsync(_read, call.Cancellation))
                {
                    return true;
                }

                _read.Clear();
                committedAt = Environment.TickCount64;
            }
        }

        return false;
    }

    private async Task FetchAsync(Consumer consumer)
    {
        using FetchedRecords fetched = await consumer.FetchAsync(call.Cancellation);
        foreach (FetchedPartition partition in fetched.Partitions)
        {
            partition.ForEach((TopicPartition of, in RecordView record) =>
            {
                if (_left > 0)
                {
                    _left--;
                    printer.Print(of, record);
                    _read[of] = record.Offset + 1;
                }
            });

            if (_left > 0 && partition.Next > partition.From)
            {
                // Control records and what compaction took away are read too.
                _read[partition.Partition] = partition.Next;
            }

            if (!follow && partition.IsAtEnd)
            {
                consumer.Unassign(partition.Partition);
            }
        }
    }
}
