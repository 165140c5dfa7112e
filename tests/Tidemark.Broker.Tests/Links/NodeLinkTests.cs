using Tidemark.Broker.Links;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Links;

public sealed class NodeLinkTests
{
    private readonly LinkWorld _world = new();

    [Fact]
    public async Task First_request_connects_and_asks_for_versions_before_it_is_sent()
    {
        _world.Peer.Script = _ => new BrokerHeartbeatResponse { IsCaughtUp = true };
        Assert.Empty(_world.Peer.Sessions);
        BrokerHeartbeatResponse answer = await _world.Run(_world.Heartbeat(7));

        Assert.True(answer.IsCaughtUp);
        Assert.Equal([ApiKey.ApiVersions, ApiKey.BrokerHeartbeat], _world.Peer.Requests.Select(r => r.Api));
        ApiVersionsRequest versions = _world.Peer.Requests[0].Read<ApiVersionsRequest>();
        Assert.Equal("tidemark", versions.ClientSoftwareName);
        Assert.Equal("node-1-test", _world.Peer.Requests[1].ClientId);
        Assert.Equal(7, _world.Peer.Requests[1].Read<BrokerHeartbeatRequest>().BrokerEpoch);
        Assert.True(_world.Link.IsConnected);
    }

    [Fact]
    public async Task Request_goes_in_the_highest_version_that_both_speak_and_the_caller_allows()
    {
        _world.Peer.Script = asked => asked.Api == ApiKey.Fetch ? new FetchResponse() : new BrokerHeartbeatResponse();
        _world.Peer.Offers = [Offer(ApiKey.BrokerHeartbeat, 0, 0), Offer(ApiKey.Fetch, 4, 15)];
        await _world.Run(_world.Heartbeat(1));
        Assert.Equal(0, _world.Peer.Requests[^1].Version);
        Assert.Equal((short)15, _world.Link.VersionOf(ApiKey.Fetch));
        await _world.Run(_world.Link.SendLeased<FetchRequest, FetchResponse>(new(), LinkWorld.Limit, highestVersion: 12).AsTask());
        Assert.Equal(12, _world.Peer.Requests[^1].Version);
    }

    [Fact]
    public async Task Peer_that_does_not_know_the_version_of_the_first_question_is_asked_in_one_it_knows()
    {
        _world.Peer.ApiVersionsMax = 1;
        _world.Peer.Script = _ => new BrokerHeartbeatResponse();
        await _world.Run(_world.Heartbeat(1));
        Assert.Equal([4, 1], _world.Peer.Requests.Where(r => r.Api == ApiKey.ApiVersions).Select(r => (int)r.Version));
    }

    [Fact]
    public async Task Api_without_a_common_version_fails_and_leaves_the_link_as_it_is()
    {
        _world.Peer.Script = _ => new BrokerHeartbeatResponse();
        _world.Peer.Offers = [Offer(ApiKey.BrokerHeartbeat, 0, 1), Offer(ApiKey.Fetch, 100, 101)];
        LinkException unknown = _world.Fails(_world.Link.Send<VoteRequest, VoteResponse>(new(), LinkWorld.Limit).AsTask());
        LinkException newer = _world.Fails(_world.Link.SendLeased<FetchRequest, FetchResponse>(new(), LinkWorld.Limit).AsTask());
        Assert.Equal(LinkFailure.UnsupportedVersion, unknown.Failure);
        Assert.Equal(LinkFailure.UnsupportedVersion, newer.Failure);
        Assert.False(newer.WasSent);
        await _world.Run(_world.Heartbeat(1));
        Assert.Single(_world.Peer.Sessions);
        Assert.Empty(_world.Ends);
    }

    [Fact]
    public async Task Many_requests_are_answered_in_order_with_a_bound_on_those_in_flight()
    {
        _world.Peer.Script = _ => null;
        List<Task<BrokerHeartbeatResponse>> answers = [.. Enumerable.Range(0, 100).Select(i => _world.Heartbeat(i))];
        _world.Time.Advance(LinkWorld.Soon);
        List<ScriptedPeer.Asked> first = [.. _world.Peer.Requests.Where(r => r.Api == ApiKey.BrokerHeartbeat)];
        Assert.Equal(16, first.Count);

        _world.Peer.Script = asked => new BrokerHeartbeatResponse { ThrottleTimeMs = (int)asked.Read<BrokerHeartbeatRequest>().BrokerEpoch };
        first.ForEach(asked => asked.Answer(_world.Peer.Script(asked)!));
        for (int i = 0; i < answers.Count; i++)
        {
            Assert.Equal(i, (await _world.Run(answers[i])).ThrottleTimeMs);
        }
    }

    [Fact]
    public void More_requests_than_can_be_meant_are_refused()
    {
        _world.There.Pause();
        List<Task<BrokerHeartbeatResponse>> waiting = [.. Enumerable.Range(0, NodeLink.WaitingMax).Select(i => _world.Heartbeat(i))];
        Assert.Equal(LinkFailure.Overloaded, _world.Fails(_world.Heartbeat(0)).Failure);
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task Request_out_of_time_takes_the_connection_with_it_and_the_next_use_connects_again()
    {
        _world.Peer.Script = asked => asked.Read<BrokerHeartbeatRequest>().BrokerEpoch is 1 or 2 ? null : new BrokerHeartbeatResponse();
        await _world.Run(_world.Heartbeat(0));
        Task<BrokerHeartbeatResponse> late = _world.Heartbeat(1, TimeSpan.FromSeconds(1));
        Task<BrokerHeartbeatResponse> behind = _world.Heartbeat(2, TimeSpan.FromSeconds(3));
        TimeSpan asked = _world.Time.Elapsed;

        LinkException timedOut = _world.Fails(late);
        Assert.Equal(LinkFailure.TimedOut, timedOut.Failure);
        Assert.True(timedOut.WasSent);
        Assert.InRange(_world.Time.Elapsed - asked, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.01));
        Assert.Equal(LinkEnd.ClosedHere, _world.Fails(behind).End);

        await _world.Run(_world.Heartbeat(3));
        Assert.Equal(2, _world.Peer.Sessions.Count);
        Assert.True(_world.Peer.Sessions[0].IsClosed);
    }

    [Fact]
    public void Request_that_was_never_sent_times_out_alone()
    {
        _world.Peer.Script = _ => null;
        List<Task<BrokerHeartbeatResponse>> inFlight = [.. Enumerable.Range(0, 16).Select(i => _world.Heartbeat(i, TimeSpan.FromSeconds(3)))];
        LinkException timedOut = _world.Fails(_world.Heartbeat(16, TimeSpan.FromSeconds(1)));
        Assert.Equal(LinkFailure.TimedOut, timedOut.Failure);
        Assert.False(timedOut.WasSent);
        Assert.Empty(_world.Ends);
        Assert.All(inFlight, task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public void Refused_link_fails_at_once_and_waits_longer_before_every_further_attempt()
    {
        _world.There.StopListening(LinkWorld.Port);
        for (int i = 0; i < 8; i++)
        {
            // The caller tries again at once; the link spaces the attempts.
            LinkException refused = _world.Fails(_world.Heartbeat(1));
            Assert.Equal((LinkFailure.Ended, LinkEnd.Refused), (refused.Failure, refused.End));
        }

        List<double> waits = [.. _world.Ends.Zip(_world.Ends.Skip(1), (a, b) => (b.At - a.At).TotalMilliseconds)];
        Assert.InRange(_world.Ends[0].At.TotalMilliseconds, 0, 5);
        for (int i = 0; i < waits.Count; i++)
        {
            double around = Math.Min(50 << i, 200);
            Assert.InRange(waits[i], around * 0.8, (around * 1.2) + 5);
        }
    }

    [Fact]
    public async Task Link_that_has_served_reconnects_without_a_wait()
    {
        _world.Peer.Script = _ => new BrokerHeartbeatResponse();
        await _world.Run(_world.Heartbeat(1));
        _world.Peer.Sessions[0].Transport.Close("done");
        _world.Time.Advance(LinkWorld.Soon);
        Assert.Equal(LinkEnd.ClosedByPeer, Assert.Single(_world.Ends).End);
        TimeSpan asked = _world.Time.Elapsed;
        await _world.Run(_world.Heartbeat(2));
        Assert.InRange((_world.Time.Elapsed - asked).TotalMilliseconds, 0, 15);
    }

    [Fact]
    public async Task Malformed_answer_ends_the_connection_and_nothing_else()
    {
        _world.Peer.Script = asked =>
        {
            asked.Session.Transport.Send(ScriptedPeer.Frame([0, 0, 0, (byte)asked.CorrelationId, 0, 1]));
            return null;
        };
        LinkException faulty = _world.Fails(_world.Heartbeat(1));
        Assert.Equal(LinkEnd.Faulty, faulty.End);
        Assert.Equal(LinkEnd.Faulty, Assert.Single(_world.Ends).End);
        _world.Peer.Script = _ => new BrokerHeartbeatResponse();
        await _world.Run(_world.Heartbeat(2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(70 * 1024)]
    public void Answer_of_a_size_that_cannot_be_right_ends_the_connection(int size)
    {
        _world.Peer.Script = asked =>
        {
            asked.Session.Transport.Send(ScriptedPeer.Frame(new byte[size]));
            return null;
        };
        Assert.Equal(LinkEnd.Faulty, _world.Fails(_world.Heartbeat(1)).End);
    }

    [Fact]
    public void Bytes_after_an_answer_end_the_connection()
    {
        _world.Peer.Script = asked =>
        {
            using var writer = new WireWriter();
            new ResponseHeader { CorrelationId = asked.CorrelationId }.Write(writer, 1);
            new BrokerHeartbeatResponse().Write(writer, asked.Version);
            writer.WriteInt8(0);
            asked.Session.Transport.Send(ScriptedPeer.Frame(writer.WrittenSpan));
            return null;
        };
        Assert.Equal(LinkEnd.Faulty, _world.Fails(_world.Heartbeat(1)).End);
    }

    [Fact]
    public void Answer_to_another_request_ends_the_connection()
    {
        _world.Peer.Script = asked =>
        {
            (asked with { CorrelationId = asked.CorrelationId + 1 }).Answer(new BrokerHeartbeatResponse());
            return null;
        };
        LinkException faulty = _world.Fails(_world.Heartbeat(1));
        Assert.Equal(LinkEnd.Faulty, faulty.End);
        Assert.True(faulty.WasSent);
    }

    [Fact]
    public async Task Answer_that_nobody_asked_for_ends_the_connection()
    {
        _world.Peer.Script = _ => new BrokerHeartbeatResponse();
        await _world.Run(_world.Heartbeat(1));
        _world.Peer.Requests[^1].Answer(new BrokerHeartbeatResponse());
        _world.Time.Advance(LinkWorld.Soon);
        Assert.Equal(LinkEnd.Faulty, Assert.Single(_world.Ends).End);
    }

    [Fact]
    public async Task Records_of_a_leased_answer_are_the_bytes_received_until_it_is_disposed()
    {
        byte[] records = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        _world.Peer.Script = _ => new FetchResponse
        {
            Responses = [new() { TopicId = new Uuid(1, 2), Partitions = [new() { PartitionIndex = 3, Records = records }] }],
        };
        LinkAnswer<FetchResponse> answer = await _world.Run(_world.Link.SendLeased<FetchRequest, FetchResponse>(new(), LinkWorld.Limit).AsTask());
        ReadOnlyMemory<byte> received = answer.Message.Responses[0].Partitions[0].Records!.Value;
        Assert.Equal(records, received.ToArray());
        answer.Dispose();
        Assert.NotEqual(records, received.ToArray());
    }

    [Fact]
    public async Task Bytes_of_an_ordinary_answer_need_no_owner()
    {
        byte[] records = [.. Enumerable.Range(0, 500).Select(i => (byte)i)];
        _world.Peer.Script = _ => new FetchResponse { Responses = [new() { Partitions = [new() { Records = records }] }] };
        FetchResponse answer = await _world.Run(_world.Link.Send<FetchRequest, FetchResponse>(new(), LinkWorld.Limit).AsTask());
        Assert.Equal(records, answer.Responses[0].Partitions[0].Records!.Value.ToArray());
    }

    [Fact]
    public async Task Closed_link_may_be_used_again_and_a_disposed_one_may_not()
    {
        _world.Peer.Script = _ => null;
        Task<BrokerHeartbeatResponse> open = _world.Heartbeat(1);
        _world.Time.Advance(LinkWorld.Soon);
        _world.Link.Close();
        Assert.Equal(LinkEnd.ClosedHere, _world.Fails(open).End);

        _world.Peer.Script = _ => new BrokerHeartbeatResponse();
        await _world.Run(_world.Heartbeat(2));
        _world.Links.Dispose();
        LinkException closed = _world.Fails(_world.Heartbeat(3));
        Assert.Equal((LinkEnd.ClosedHere, false), (closed.End!.Value, closed.WasSent));
        Assert.Equal(LinkEnd.ClosedHere, _world.Fails(
            _world.Links.To(_world.Link.Address, "other").Send<VoteRequest, VoteResponse>(new(), LinkWorld.Limit).AsTask()).End);
    }

    [Fact]
    public void Peer_that_accepts_and_says_nothing_is_given_up()
    {
        _world.There.Pause();
        LinkException failure = _world.Fails(_world.Heartbeat(1, TimeSpan.FromMinutes(1)));
        Assert.Equal(LinkEnd.Unreachable, failure.End);
        Assert.InRange(_world.Time.Elapsed, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.1));
    }

    [Fact]
    public void Links_are_one_for_each_address_and_purpose()
    {
        Assert.Same(_world.Link, _world.Links.To(new("there", LinkWorld.Port), "test"));
        Assert.NotSame(_world.Link, _world.Links.To(new("there", LinkWorld.Port), "fetcher-0"));
        _world.Link.Dispose();
        Assert.NotSame(_world.Link, _world.Links.To(new("there", LinkWorld.Port), "test"));
    }

    private static ApiVersionsResponse.ApiVersion Offer(ApiKey api, short lowest, short highest) =>
        new() { ApiKey = (short)api, MinVersion = lowest, MaxVersion = highest };
}
