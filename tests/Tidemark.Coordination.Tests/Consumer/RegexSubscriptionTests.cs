using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Tests.Consumer;

public class RegexSubscriptionTests
{
    private readonly ConsumerWorld _world = new(("a", 2), ("ab", 1), ("b", 1));

    [Fact]
    public void A_long_expression_that_is_none_is_refused_in_a_sentence_that_can_be_sent()
    {
        ConsumerGroupHeartbeatResponse refused = _world.Send("m1", 0, regex: new string('(', short.MaxValue));
        Assert.Equal(ErrorCode.InvalidRegularExpression, refused.ErrorCode);
        Assert.InRange(refused.ErrorMessage!.Length, 100, short.MaxValue / 3);
    }

    [Fact]
    public void What_an_expression_stands_for_is_looked_up_after_the_first_heartbeat()
    {
        ConsumerGroupHeartbeatResponse first = _world.Send("m1", 0, regex: "a.*");
        Assert.Equal((1, ""), (first.MemberEpoch, _world.Told(first)));
        _world.Pass(0);
        Assert.Equal((2, 1, "Assigning"), (_world.Group.Epoch, _world.Group.AssignmentEpoch, _world.Group.State));
        ConsumerGroupHeartbeatResponse second = _world.Send("m1", 1);
        Assert.Equal((2, "a:0,1 ab:0"), (second.MemberEpoch, _world.Told(second)));
    }

    [Fact]
    public void Large_expressions_among_many_topics_do_not_keep_other_groups_waiting()
    {
        var world = new ConsumerWorld([.. Enumerable.Range(0, 400).Select(i => ($"topic-{i:d4}", 1))]);
        world.Send("m1", 0, regex: "(?:.?){1000}");
        world.Send("m1", 0, regex: "(?:[a-z0-9-]?){1000}", group: "h");
        int turns = 0;
        while (world.Group.Regexes.IsEmpty || world.Shard.Consumer.FindConsumer("h")!.Regexes.IsEmpty)
        {
            world.Pass(1);
            turns++;
        }

        Assert.InRange(turns, 5, 500);
        Assert.Equal(400, world.Group.Regexes["(?:.?){1000}"].Topics.Count);
    }

    [Fact]
    public void An_expression_that_comes_while_others_are_looked_up_is_looked_up_after_them()
    {
        var world = new ConsumerWorld([.. Enumerable.Range(0, 400).Select(i => ($"topic-{i:d4}", 1))]);
        world.Send("m1", 0, regex: "(?:.?){1000}");
        world.Pass(1);
        Assert.Empty(world.Group.Regexes);
        world.Send("m2", 0, regex: "topic-000.");
        world.Pass(1_000);
        Assert.Equal((400, 10), (world.Group.Regexes["(?:.?){1000}"].Topics.Count, world.Group.Regexes["topic-000."].Topics.Count));
    }

    [Fact]
    public void An_expression_that_others_have_is_known_at_once()
    {
        _world.Send("m1", 0, regex: "a.*");
        _world.Pass(0);
        Assert.Equal(3, _world.Send("m2", 0, regex: "a.*").MemberEpoch);
    }

    [Fact]
    public void Names_and_expressions_add_up()
    {
        _world.Send("m1", 0, names: ["b"], regex: "ab");
        _world.Pass(0);
        Assert.Equal("ab:0 b:0", _world.Told(_world.Send("m1", 2)));
    }

    [Fact]
    public void What_is_no_expression_of_RE2_is_refused_and_changes_nothing()
    {
        Assert.Equal(ErrorCode.InvalidRegularExpression, _world.Send("m1", 0, regex: "(?=a)").ErrorCode);
        Assert.Empty(_world.Log);
        _world.Join("m1", "a");
        Assert.Equal(ErrorCode.InvalidRegularExpression, _world.Send("m1", 2, regex: "[").ErrorCode);
        Assert.Equal(ErrorCode.None, _world.Send("m1", 2, regex: "").ErrorCode);
    }

    [Fact]
    public void New_topics_are_found_but_not_more_often_than_every_ten_seconds()
    {
        _world.Send("m1", 0, regex: "a.*");
        _world.Pass(0);
        _world.Send("m1", 1);
        _world.Topic("abc", 1);
        _world.Send("m1", 2);
        _world.Pass(10_000);
        Assert.Equal(2, _world.Group.Epoch);
        _world.Pass(1);
        _world.Send("m1", 2);
        _world.Pass(0);
        Assert.Equal("a:0,1 ab:0 abc:0", _world.Told(_world.Send("m1", 2)));
    }

    [Fact]
    public void A_groups_only_expression_is_looked_up_at_once_when_it_changes_and_one_of_several_within_ten_seconds()
    {
        _world.Send("m1", 0, regex: "a.*");
        _world.Pass(0);
        _world.Send("m1", 1, regex: "b");
        _world.Pass(0);
        Assert.Equal(["b"], _world.Group.Regexes["b"].Topics);
        _world.Send("m2", 0, regex: "ab");
        _world.Pass(10_000);
        Assert.Equal(["b"], _world.Group.Regexes.Keys);
        _world.Pass(1);
        _world.Send("m1", 2);
        _world.Pass(0);
        Assert.Equal(["ab", "b"], _world.Group.Regexes.Keys);
    }

    [Fact]
    public void New_topics_that_do_not_match_write_nothing()
    {
        _world.Send("m1", 0, regex: "a.*");
        _world.Pass(0);
        _world.Send("m1", 1);
        _world.Topic("c", 1);
        _world.Pass(11_000);
        int records = _world.Log.Count;
        _world.Send("m1", 2);
        _world.Pass(1);
        Assert.Equal(records, _world.Log.Count);
    }

    [Fact]
    public void An_expression_that_nobody_has_any_more_is_forgotten()
    {
        _world.Send("m1", 0, regex: "a.*");
        _world.Pass(0);
        _world.Send("m1", 1, regex: "b");
        Assert.Empty(_world.Group.Regexes);
        _world.Pass(0);
        Assert.Equal("b:0", _world.Told(_world.Send("m1", 2)));
        _world.Send("m1", -1);
        Assert.Empty(_world.Group.Regexes);
    }

    [Fact]
    public void Going_from_an_expression_to_names_is_a_rebalance()
    {
        _world.Send("m1", 0, regex: "a.*");
        _world.Pass(0);
        _world.Send("m1", 1);
        ConsumerGroupHeartbeatResponse response = _world.Send("m1", 2, names: ["a"], regex: "");
        Assert.Equal("a:0,1", _world.Told(response));
    }
}
