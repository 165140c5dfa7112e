using Tidemark.Primitives;
using Tidemark.Server.Lifecycle;
using Xunit;

namespace Tidemark.System.Tests.Lifecycle;

public class BrokenInvariantsTests
{
    [Fact]
    public void One_that_is_found_in_a_task_that_nobody_waits_for_ends_the_process_and_no_other_failure_does()
    {
        const string Own = "found by this test";
        var ended = new List<string>();
        using (new BrokenInvariants(broken => ended.Add(broken.Message)))
        {
            _ = Fail(new InvalidOperationException(Own));
            _ = Fail(new InvariantViolationException(Own));
        }

        _ = Fail(new InvariantViolationException(Own));
        Assert.Single(ended, Own);

        static async Task Fail(Exception failure)
        {
            await Task.CompletedTask;
            throw failure;
        }
    }
}
