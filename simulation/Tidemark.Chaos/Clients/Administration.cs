using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Clients;

/// <summary>Makes topics, and asks every node by itself how the cluster is: one that was cut off knows less than the others.</summary>
internal sealed class Administration(IReadOnlyList<BrokerAddress> nodes)
{
    /// <summary>Who is told where the log ends, committed or not.</summary>
    private const int AnyReplica = -2;

    /// <summary>Who is told up to where all is committed.</summary>
    private const int Consumer = -1;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly ClientOptions _options = new() { BootstrapServers = nodes, ClientId = "chaos-administration", ConnectTimeout = Patience, RequestTimeout = Patience, RetryMax = TimeSpan.Zero };

    /// <exception cref="ClientException">It cannot be done now.</exception>
    public async Task<LoadedTopic> CreateAsync(string name, int partitions, short replicas)
    {
        await using var cluster = new ClusterClient(_options with { RequestTimeout = TimeSpan.FromSeconds(30), RetryMax = TimeSpan.FromSeconds(30) });
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 20_000,
            Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = replicas, Configs = [new() { Name = "min.insync.replicas", Value = "2" }] }],
        };
        CreateTopicsResponse created = await cluster.SendToControllerAsync<CreateTopicsResponse>(request, r => r.Topics[0].ErrorCode);
        BrokerErrorException.ThrowIfError(created.Topics[0].ErrorCode, name, created.Topics[0].ErrorMessage);
        return new LoadedTopic(name, created.Topics[0].TopicId, partitions);
    }

    /// <summary>Null when every node says that all replicas of the topics are in sync and have a leader; else what one says instead.</summary>
    public async Task<string?> WhatIsMissingAsync(IReadOnlyList<LoadedTopic> topics)
    {
        string?[] found = await Task.WhenAll(nodes.Select((address, index) => WhatMissesAsync(index + 1, address, topics)));
        return found.FirstOrDefault(missing => missing is not null);
    }

    /// <summary>
    /// Null when the leaders of all partitions say that all that they hold is committed; else what one says instead. An acknowledgement of acks=1
    /// says nothing of it, and of one that was not heard nobody knows when its record is written.
    /// </summary>
    public async Task<string?> WhatIsUncommittedAsync(IReadOnlyList<LoadedTopic> topics)
    {
        try
        {
            await using var cluster = new ClusterClient(_options);
            await cluster.RefreshAsync([.. topics.Select(topic => topic.Name)]);
            foreach (PartitionId partition in topics.SelectMany(topic => topic.All))
            {
                BrokerConnection leader = await cluster.ConnectToLeaderAsync(new TopicPartition(partition.Topic, partition.Index));
                (ErrorCode error, long end) = await EndAsync(leader, partition, AnyReplica);
                (ErrorCode other, long committed) = await EndAsync(leader, partition, Consumer);
                if (error != ErrorCode.None || other != ErrorCode.None || end != committed)
                {
                    return $"{partition} ends at {end} ({error}), {committed} is committed ({other}), says {leader.Address}";
                }
            }

            return null;
        }
        catch (ClientException error)
        {
            return error.Message;
        }
    }

    private static async Task<(ErrorCode Error, long Offset)> EndAsync(BrokerConnection leader, PartitionId partition, int asker)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = asker,
            Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Index, Timestamp = OffsetSpec.Latest.Timestamp }] }],
        };
        ListOffsetsResponse response = await leader.SendAsync<ListOffsetsResponse>(request);
        ListOffsetsResponse.ListOffsetsPartitionResponse answer = response.Topics[0].Partitions[0];
        return (answer.ErrorCode, answer.Offset);
    }

    private async Task<string?> WhatMissesAsync(int node, BrokerAddress address, IReadOnlyList<LoadedTopic> topics)
    {
        try
        {
            await using BrokerConnection connection = await BrokerConnection.ConnectAsync(address, _options);
            var request = new MetadataRequest { Topics = [.. topics.Select(topic => new MetadataRequest.MetadataRequestTopic { Name = topic.Name })] };
            MetadataResponse response = await connection.SendAsync<MetadataResponse>(request);
            if (response.Brokers.Count < nodes.Count)
            {
                return $"node {node} knows of {response.Brokers.Count} brokers";
            }

            foreach (MetadataResponse.MetadataResponseTopic topic in response.Topics)
            {
                if (topic.ErrorCode != ErrorCode.None || topic.Partitions.Find(partition => partition.LeaderId < 0 || partition.IsrNodes.Count < partition.ReplicaNodes.Count) is not { } partition)
                {
                    if (topic.ErrorCode != ErrorCode.None)
                    {
                        return $"node {node} says {topic.ErrorCode} of {topic.Name}";
                    }

                    continue;
                }

                return $"node {node} says of {topic.Name}-{partition.PartitionIndex}: leader {partition.LeaderId} in epoch {partition.LeaderEpoch}, in sync [{string.Join(' ', partition.IsrNodes)}], offline [{string.Join(' ', partition.OfflineReplicas)}]";
            }

            return null;
        }
        catch (ClientException error)
        {
            return $"node {node}: {error.Message}";
        }
    }
}
