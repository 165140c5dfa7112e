using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Processes;

/// <summary>Limits that are set while the broker runs hold for the next connection.</summary>
public sealed class RunTimeLimitsTests
{
    [Fact]
    public async Task A_limit_on_connections_from_one_address_holds_as_soon_as_it_is_set()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        byte[] apiVersions = RawConnection.Frame(RawConnection.Header(18, 0, flexible: false));
        var held = new List<RawConnection>();
        try
        {
            for (int i = 0; i < 3; i++)
            {
                RawConnection connection = await RawConnection.OpenAsync(broker.Port);
                held.Add(connection);
                await connection.SendAsync(apiVersions);
                Assert.NotNull(await connection.AnswerAsync());
            }

            (await ChildProcess.RunAsync(RunningBroker.Executable, ["configs", "alter", "--broker-defaults", "--set", "max.connections.per.ip=3", "--bootstrap-server", broker.Bootstrap], "")).Succeeded();
            using RawConnection refused = await RawConnection.OpenAsync(broker.Port);
            await refused.SendAsync(apiVersions);
            Assert.Null(await refused.AnswerAsync());
            await held[0].SendAsync(apiVersions);
            Assert.NotNull(await held[0].AnswerAsync());
        }
        finally
        {
            held.ForEach(connection => connection.Dispose());
        }
    }
}
