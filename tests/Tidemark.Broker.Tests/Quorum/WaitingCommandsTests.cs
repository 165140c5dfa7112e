using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Quorum;

/// <summary>Commands that wait for the controller: how many, for how long, and what becomes of them when it stops.</summary>
public sealed class WaitingCommandsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Tidemark.Simulator.Simulation _simulation = new(10);

    [Fact]
    public void A_turn_that_is_running_ends_before_the_log_is_closed()
    {
        var world = new QuorumWorld(_simulation.Environment with { Background = new ThreadEach() }, "/data");
        world.Format();
        world.Start();
        world.Register();
        using var inHand = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        Task<CreateTopicsResponse> created = world.BeginCreateTopic("a", inHand: () =>
        {
            inHand.Set();
            mayGoOn.Wait(s_patience);
        });
        Assert.True(inHand.Wait(s_patience));

        var closing = new Thread(world.Driver.Close);
        closing.Start();
        Assert.True(SpinWait.SpinUntil(() => !closing.IsAlive || (closing.ThreadState & ThreadState.WaitSleepJoin) != 0, s_patience));
        mayGoOn.Set();
        Assert.True(closing.Join(s_patience));

        Assert.Equal(ErrorCode.None, world.Wait(created).Topics.Single().ErrorCode);
        world.Start();
        Assert.NotNull(world.Driver.Current.Topics.Find("a"));
    }

    [Fact]
    public void A_stopping_controller_is_no_controller_to_those_who_wait_and_those_who_come()
    {
        var held = new Held();
        QuorumWorld world = Started(held);
        Task<ErrorCode> waiting = Ask(world);
        world.Driver.Close();
        Task<ErrorCode> late = Ask(world);
        held.RunAll();

        Assert.Equal(ErrorCode.NotController, Now(waiting));
        Assert.Equal(ErrorCode.NotController, Now(late));
    }

    [Fact]
    public void A_command_whose_time_is_up_at_its_turn_is_not_decided()
    {
        var held = new Held();
        QuorumWorld world = Started(held);
        Task<ErrorCode> impatient = Ask(world, timeoutMs: 100);
        Task<ErrorCode> patient = Ask(world, timeoutMs: 1000);
        Task<ErrorCode> unsaid = Ask(world);
        _simulation.Time.Advance(TimeSpan.FromMilliseconds(500));
        held.RunAll();

        Assert.Equal(ErrorCode.RequestTimedOut, Now(impatient));
        Assert.Equal(ErrorCode.None, Now(patient));
        Assert.Equal(ErrorCode.None, Now(unsaid));
    }

    [Fact]
    public void Only_so_many_commands_wait()
    {
        var held = new Held();
        QuorumWorld world = Started(held);
        List<Task<ErrorCode>> asked = [.. Enumerable.Range(0, 10_010).Select(_ => Ask(world))];

        Assert.All(asked[^10..], task => Assert.Equal(ErrorCode.RequestTimedOut, Now(task)));
        held.RunAll();
        Assert.All(asked[..^10], task => Assert.Equal(ErrorCode.None, Now(task)));
        Task<ErrorCode> next = Ask(world);
        held.RunAll();
        Assert.Equal(ErrorCode.None, Now(next));
    }

    private QuorumWorld Started(Held background)
    {
        var world = new QuorumWorld(_simulation.Environment with { Background = background }, "/data");
        world.Format();
        world.Start();
        return world;
    }

    private static Task<ErrorCode> Ask(QuorumWorld world, int? timeoutMs = null) =>
        world.Driver.Submit(_ => new Decision<ErrorCode>([], ErrorCode.None), error => error, timeoutMs);

    private static ErrorCode Now(Task<ErrorCode> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Work waits until the test runs it.</summary>
    private sealed class Held : IBackground
    {
        private readonly Queue<Action> _work = new();

        public void Post(string name, Action work) => _work.Enqueue(work);

        public void RunAll()
        {
            while (_work.TryDequeue(out Action? work))
            {
                work();
            }
        }
    }

    private sealed class ThreadEach : IBackground
    {
        public void Post(string name, Action work) => new Thread(() => work()) { IsBackground = true }.Start();
    }
}
