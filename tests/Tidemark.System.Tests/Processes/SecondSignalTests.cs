using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Processes;

/// <summary>A person who asks twice does not want to wait for what the first stop waits for.</summary>
public sealed class SecondSignalTests
{
    /// <summary>A shell's exit code for a process that a signal ended, less the signal.</summary>
    private const int KilledBySignal = 128;

    /// <summary>Requests whose answers are more than the sockets of both sides hold.</summary>
    private const int UnreadBytes = 16 << 20;

    /// <summary>So often in a row nothing more fits in: the broker is not slow, it waits for its answers to be read.</summary>
    private const int TurnsWithoutRoom = 10;

    [Theory]
    [InlineData(StopSignal.Terminate, StopSignal.Terminate)]
    [InlineData(StopSignal.Interrupt, StopSignal.Interrupt)]
    [InlineData(StopSignal.Terminate, StopSignal.Interrupt)]
    public async Task A_second_signal_ends_a_stop_that_a_client_holds_up(StopSignal first, StopSignal second)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        using RawConnection deaf = await HoldUpAsync(broker);
        broker.Send(first);
        await Eventually.HoldsAsync("the stop begins", TimeSpan.FromSeconds(20), () => broker.Output.Contains("Stopping"));
        broker.Send(second);
        Assert.Equal(KilledBySignal + (int)second, await broker.EndAsync(TimeSpan.FromSeconds(20)));
        Assert.DoesNotContain("Stopped in", broker.Output);
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_a_stop_up_for_less_than_five_seconds()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        using RawConnection deaf = await HoldUpAsync(broker);
        Assert.Equal(0, await broker.StopAsync(TimeSpan.FromSeconds(5)));
        Assert.Contains("Stopped in", broker.Output);
    }

    /// <summary>A client with answers outstanding that it never takes, which a graceful stop gives some time.</summary>
    private static async Task<RawConnection> HoldUpAsync(RunningBroker broker)
    {
        byte[] requests = Enumerable.Repeat(RawConnection.Frame(RawConnection.Header(18, 0, flexible: false)), 100).SelectMany(frame => frame).ToArray();
        RawConnection deaf = await RawConnection.OpenAsync(broker.Port);
        int turnsWithoutRoom = 0;
        await Eventually.HoldsAsync("the broker reads no more of what it cannot answer", TimeSpan.FromSeconds(60), () =>
        {
            turnsWithoutRoom = deaf.SendUntilFull(requests, UnreadBytes) == 0 ? turnsWithoutRoom + 1 : 0;
            return turnsWithoutRoom == TurnsWithoutRoom;
        });
        return deaf;
    }
}
