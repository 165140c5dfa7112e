using Tidemark.Broker.Connections;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Client.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Network.Tests.Clients;

/// <summary>A broker that takes connections and answers nothing costs a client no more than a moment, where another one will do.</summary>
public sealed class FrozenBrokerTests : IDisposable
{
    /// <summary>Far less than clients wait for an answer here, and more than a busy machine takes.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(60);

    private readonly ScriptedNodes _nodes = new(3);
    private readonly FrozenPort _frozen = new();

    public void Dispose()
    {
        _nodes.Dispose();
        _frozen.Dispose();
    }

    [Fact]
    public async Task The_next_bootstrap_broker_is_tried_when_the_first_has_not_answered_for_a_while()
    {
        await using var cluster = new ClusterClient(Patient([_frozen.Address, .. _nodes.ClientOptions.BootstrapServers]));
        await cluster.RefreshAsync(["t"]).WaitAsync(s_soon);
        Assert.Single(_nodes.Asked(ApiKey.Metadata));
    }

    [Fact]
    public async Task Each_broker_that_does_not_answer_is_named()
    {
        using var other = new FrozenPort();
        await using var cluster = new ClusterClient(Patient(_frozen.Address, other.Address) with { SetupTimeout = TimeSpan.FromMilliseconds(100), RetryMax = TimeSpan.Zero });
        var nobody = await Assert.ThrowsAsync<BrokerUnreachableException>(() => cluster.RefreshAsync(["t"]).WaitAsync(s_soon));
        Assert.StartsWith("No broker can be reached. ", nobody.Message);
        Assert.Contains($"{_frozen.Address} did not answer within 0.1 s", nobody.Message);
        Assert.Contains($"{other.Address} did not answer within 0.1 s", nobody.Message);
    }

    [Fact]
    public async Task A_broker_that_is_only_slow_is_waited_for_over_the_same_connection()
    {
        using var released = new ManualResetEventSlim();
        using var slow = new RunningNetwork(new EchoBroker
        {
            OnFrame = (connection, frame) => ScriptedFrames.Serve(connection, frame, (ApiKey api, ref WireReader _, short version) =>
            {
                released.Wait(s_soon);
                return (new ApiVersionsResponse { ApiKeys = [new() { ApiKey = (short)ApiKey.ApiVersions, MaxVersion = version }] }, version);
            }),
        });
        BrokerAddress address = new("127.0.0.1", slow.Port);
        await using var cluster = new ClusterClient(Patient(address) with { SetupTimeout = TimeSpan.FromMilliseconds(100) });
        var slowly = await Assert.ThrowsAsync<RequestTimedOutException>(() => cluster.ConnectToAnyAsync());
        Assert.Equal($"{address} did not answer within 0.1 s", slowly.Message);
        released.Set();
        Assert.True((await cluster.SendToAnyAsync<ApiVersionsResponse>(new ApiVersionsRequest()).WaitAsync(s_soon)).ApiKeys.Count == 1);
        Assert.Single(slow.Broker.Handlers);
    }

    [Fact]
    public async Task A_connection_that_takes_long_holds_back_none_to_another_broker()
    {
        _nodes.Elsewhere[2] = _frozen.Port;
        await using var cluster = new ClusterClient(Patient(_nodes.ClientOptions.BootstrapServers[0]));
        await cluster.RefreshAsync(["t"]);
        Task<BrokerConnection> stuck = cluster.ConnectToAsync(new BrokerId(2));
        BrokerConnection third = await cluster.ConnectToAsync(new BrokerId(3)).WaitAsync(s_soon);
        Assert.Equal(_nodes.ClientOptions.BootstrapServers[2], third.Address);
        Assert.False(stuck.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Several_brokers_that_answer_nothing_are_waited_for_together(bool asLeaders)
    {
        using var other = new FrozenPort();
        (_nodes.Elsewhere[2], _nodes.Elsewhere[3]) = (_frozen.Port, other.Port);
        _nodes.Leaders.Clear();
        _nodes.Leaders.Enqueue([2, 3]);
        _nodes.On<ListGroupsRequest, ListGroupsResponse>(new ListGroupsResponse());
        await using var cluster = new ClusterClient(Patient(_nodes.ClientOptions.BootstrapServers[0]));
        Task asking = asLeaders
            ? cluster.ListOffsetsAsync([KeyValuePair.Create(new TopicPartition("t", 0), OffsetSpec.Latest), KeyValuePair.Create(new TopicPartition("t", 1), OffsetSpec.Latest)])
            : cluster.ListGroupsAsync();
        RunningNetwork.Eventually(() => _frozen.IsWanted && other.IsWanted, "both are connected to");
        Assert.False(asking.IsCompleted);
    }

    [Fact]
    public async Task Who_wants_the_same_broker_at_once_gets_the_same_connection()
    {
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        await cluster.RefreshAsync(["t"]);
        BrokerConnection[] same = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => cluster.ConnectToAsync(new BrokerId(2))));
        Assert.Single(same.Distinct());
        Assert.Single(_nodes.Asked(ApiKey.ApiVersions), 2);
    }

    [Fact]
    public async Task A_broker_that_has_requests_in_hand_is_not_asked_where_any_will_do()
    {
        _nodes.On<DescribeClusterRequest, DescribeClusterResponse>(new DescribeClusterResponse());
        await using var cluster = new ClusterClient(Patient(_nodes.ClientOptions.BootstrapServers[0]));
        await cluster.RefreshAsync(["t"]);
        BrokerConnection first = await cluster.ConnectToAsync(new BrokerId(1));
        await cluster.ConnectToAsync(new BrokerId(3));
        _nodes.Silent.Add(1);
        Task<DescribeClusterResponse> unanswered = first.SendAsync<DescribeClusterResponse>(new DescribeClusterRequest());
        await cluster.RefreshAsync(["t"]).WaitAsync(s_soon);
        Assert.Equal([1, 3], _nodes.Asked(ApiKey.Metadata));
        Assert.False(unanswered.IsCompleted);
    }

    [Theory]
    [InlineData(0, 0.8)]
    [InlineData(0.2, 0.8)]
    [InlineData(0.8, 0.9)]
    [InlineData(1.6, 1.7)]
    public async Task What_a_broker_is_asked_to_wait_does_not_come_on_top_of_what_an_answer_may_take(double brokerWait, double limit)
    {
        _nodes.On<CreateTopicsRequest, CreateTopicsResponse>(new CreateTopicsResponse());
        await using var cluster = new ClusterClient(_nodes.ClientOptions with { RequestTimeout = TimeSpan.FromSeconds(0.8) });
        await cluster.RefreshAsync(["t"]);
        BrokerConnection silent = await cluster.ConnectToAsync(new BrokerId(1));
        _nodes.Silent.Add(1);
        var given = await Assert.ThrowsAsync<RequestTimedOutException>(() => silent.SendAsync<CreateTopicsResponse>(new CreateTopicsRequest(), TimeSpan.FromSeconds(brokerWait)).WaitAsync(s_soon));
        Assert.Equal($"{silent.Address} did not answer CreateTopics within {limit:0.#} s", given.Message);
    }

    /// <summary>One that tries the next broker soon and gives none up.</summary>
    private static ClientOptions Patient(params BrokerAddress[] bootstrap) => new()
    {
        BootstrapServers = bootstrap,
        NextBrokerAfter = TimeSpan.FromMilliseconds(20),
        SetupTimeout = TimeSpan.FromMinutes(10),
        RequestTimeout = TimeSpan.FromMinutes(10),
        RetryBackoff = TimeSpan.FromMilliseconds(2),
    };
}
