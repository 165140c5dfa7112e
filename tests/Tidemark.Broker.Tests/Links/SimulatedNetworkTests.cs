using Tidemark.Broker.Links;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Network;

namespace Tidemark.Broker.Tests.Links;

public sealed class SimulatedNetworkTests
{
    [Fact]
    public void Same_seed_gives_the_same_events_and_another_seed_others()
    {
        Assert.Equal(Trace(17), Trace(17));
        Assert.NotEqual(Trace(17), Trace(18));
    }

    [Fact]
    public async Task Answer_that_cannot_come_back_comes_when_the_way_is_free_again()
    {
        LinkWorld world = Connected();
        world.Network.Block(world.There, world.Here);
        Task<BrokerHeartbeatResponse> answer = world.Heartbeat(2);
        world.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, world.Peer.Requests[^1].Read<BrokerHeartbeatRequest>().BrokerEpoch);
        Assert.False(answer.IsCompleted);
        world.Network.Unblock(world.There, world.Here);
        await world.Run(answer);
        Assert.Single(world.Peer.Sessions);
    }

    [Fact]
    public void Request_that_cannot_get_through_arrives_after_its_sender_gave_up_on_it()
    {
        LinkWorld world = Connected();
        world.Network.Block(world.Here, world.There);
        int before = world.Peer.Requests.Count;
        Assert.Equal(LinkFailure.TimedOut, world.Fails(world.Heartbeat(2, TimeSpan.FromSeconds(3))).Failure);
        Assert.Equal(before, world.Peer.Requests.Count);
        world.Network.Heal();
        world.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(before + 1, world.Peer.Requests.Count);
        Assert.True(world.Peer.Sessions[0].IsClosed);
    }

    [Fact]
    public void Connection_breaks_when_the_partition_outlasts_the_operating_system()
    {
        var timings = new NetworkTimings { BreakAfter = TimeSpan.FromSeconds(20) };
        LinkWorld world = Connected(timings: timings);
        world.Network.Partition([world.Here], [world.There]);
        LinkException broken = world.Fails(world.Heartbeat(2, TimeSpan.FromMinutes(1)));
        Assert.Equal(LinkEnd.ClosedByPeer, broken.End);
        Assert.InRange(world.Time.Elapsed, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(21));
        Assert.False(world.Peer.Sessions[0].IsClosed);
    }

    [Fact]
    public async Task Host_outside_both_groups_of_a_partition_reaches_both()
    {
        LinkWorld world = Connected();
        SimulatedHost third = world.Network.AddHost("third");
        world.Network.Partition([world.Here], [world.There]);
        using var links = new NodeLinks(world.Environment with { Connector = third.ConnectorForProcess() }, new LinkOptions());
        await world.Run(links.To(world.Link.Address, "test").Send<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(new(), LinkWorld.Limit).AsTask());
    }

    [Fact]
    public void Killed_process_is_known_within_milliseconds_by_its_closed_connection_and_refused_port()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            LinkWorld world = Connected(seed);
            TimeSpan killed = world.Time.Elapsed;
            world.There.Kill();
            world.Time.RunUntil(() => world.Ends.Count > 0, LinkWorld.Limit);
            Assert.Equal(LinkEnd.ClosedByPeer, world.Ends[0].End);
            Assert.Equal(LinkEnd.Refused, world.Fails(world.Heartbeat(2)).End);
            Assert.InRange((world.Time.Elapsed - killed).TotalMilliseconds, 0, 10);
            Assert.False(world.Peer.Sessions[0].IsClosed, "a dead process was called");
        }
    }

    [Fact]
    public async Task Host_without_power_is_silent_and_resets_old_connections_when_it_is_back()
    {
        LinkWorld world = Connected();
        world.There.PowerOff();
        world.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(world.Ends);
        Task<BrokerHeartbeatResponse> asked = world.Heartbeat(2, TimeSpan.FromSeconds(30));
        world.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(asked.IsCompleted);
        world.There.PowerOn();
        world.There.Listen(LinkWorld.Port, "CONTROLLER", world.Peer);
        Assert.Equal(LinkEnd.ClosedByPeer, world.Fails(asked).End);
        await world.Run(world.Heartbeat(3));
        Assert.Equal(2, world.Peer.Sessions.Count);
    }

    [Fact]
    public async Task Paused_process_answers_when_it_goes_on()
    {
        LinkWorld world = Connected();
        world.There.Pause();
        Task<BrokerHeartbeatResponse> asked = world.Heartbeat(2);
        world.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(asked.IsCompleted);
        world.There.Resume();
        await world.Run(asked);
    }

    [Fact]
    public void Frame_that_is_cut_off_never_arrives_and_ends_the_connection_on_both_sides()
    {
        LinkWorld world = Connected();
        int before = world.Peer.Requests.Count;
        world.Network.Faults = new NetworkFaults { CutChance = 1 };
        LinkException broken = world.Fails(world.Heartbeat(2));
        Assert.Equal((LinkEnd.ClosedByPeer, true), (broken.End!.Value, broken.WasSent));
        Assert.Equal(before, world.Peer.Requests.Count);
        Assert.True(world.Peer.Sessions[0].IsClosed);
    }

    [Fact]
    public void Frame_that_is_abandoned_arrives_when_its_sender_has_long_heard_of_the_end()
    {
        LinkWorld world = Connected();
        int before = world.Peer.Requests.Count;
        world.Network.Faults = new NetworkFaults { AbandonChance = 1, LongDelay = TimeSpan.FromSeconds(2) };
        LinkException broken = world.Fails(world.Heartbeat(2));
        Assert.Equal((LinkEnd.ClosedByPeer, true), (broken.End!.Value, broken.WasSent));
        Assert.Equal(before, world.Peer.Requests.Count);
        Assert.False(world.Peer.Sessions[0].IsClosed);
        world.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(before + 1, world.Peer.Requests.Count);
        Assert.True(world.Peer.Sessions[0].IsClosed);
    }

    [Fact]
    public void Broken_connection_ends_on_both_sides()
    {
        LinkWorld world = Connected();
        Assert.Single(world.Network.Links).Break();
        world.Time.Advance(LinkWorld.Soon);
        Assert.Equal(LinkEnd.ClosedByPeer, Assert.Single(world.Ends).End);
        Assert.True(world.Peer.Sessions[0].IsClosed);
        Assert.Empty(world.Network.Links);
    }

    [Fact]
    public async Task Slow_way_takes_its_time_for_every_byte()
    {
        LinkWorld world = Connected();
        world.Peer.Script = _ => new FetchResponse { Responses = [new() { Partitions = [new() { Records = new byte[100_000] }] }] };
        world.Network.Slow(world.There, world.Here, TimeSpan.FromMilliseconds(1), bytesPerSecond: 50_000);
        TimeSpan asked = world.Time.Elapsed;
        await world.Run(world.Link.Send<FetchRequest, FetchResponse>(new(), LinkWorld.Limit).AsTask());
        Assert.InRange((world.Time.Elapsed - asked).TotalSeconds, 2, 2.1);
    }

    [Fact]
    public void Unknown_host_and_dead_process_reach_nobody()
    {
        var world = new LinkWorld();
        Assert.Equal(LinkEnd.Unreachable, world.Fails(
            world.Links.To(new("nowhere", 1), "test").Send<VoteRequest, VoteResponse>(new(), LinkWorld.Limit).AsTask()).End);
        world.Here.Kill();
        Task<BrokerHeartbeatResponse> ghost = world.Heartbeat(1);
        world.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(ghost.IsCompleted);
        Assert.Empty(world.Peer.Sessions);
    }

    private static LinkWorld Connected(ulong seed = 1, NetworkTimings? timings = null)
    {
        var world = new LinkWorld(seed, timings);
        world.Peer.Script = _ => new BrokerHeartbeatResponse();
        Assert.True(world.Run(world.Heartbeat(1)).IsCompletedSuccessfully);
        return world;
    }

    /// <summary>A busy minute with every fault that the network draws by itself.</summary>
    private static List<string> Trace(ulong seed)
    {
        var world = new LinkWorld(seed);
        var trace = new List<string>();
        world.Network.Observer = told => trace.Add($"{world.Time.Elapsed.Ticks} {told}");
        world.Peer.Script = _ => new BrokerHeartbeatResponse();
        world.Network.Faults = new NetworkFaults { BreakChance = 0.02, CutChance = 0.02, LongDelayChance = 0.05 };
        int ended = 0;
        for (int i = 0; i < 300; i++)
        {
            _ = world.Heartbeat(i, TimeSpan.FromSeconds(2)).ContinueWith(task => ended += task.IsCompleted ? 1 : 0, TaskContinuationOptions.ExecuteSynchronously);
            world.Time.Advance(TimeSpan.FromMilliseconds(200));
        }

        world.Network.Heal();
        world.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(300, ended);
        Assert.Contains(trace, line => line.Contains(nameof(NetworkEventKind.FrameCut), StringComparison.Ordinal));
        Assert.Contains(trace, line => line.Contains(nameof(NetworkEventKind.Broken), StringComparison.Ordinal));
        return trace;
    }
}
