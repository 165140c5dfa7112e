using Microsoft.CodeAnalysis;

namespace Tidemark.Protocol.Tests.Generator;

public class IncrementalityTests
{
    private const string First = "# One.\ndata First v0\n\nfields\n  Id int32\n";
    private const string Second = "# Two.\ndata Second v0\n\nfields\n  Id int32\n";

    [Fact]
    public void A_field_added_to_one_file_emits_that_file_alone()
    {
        GeneratorRun run = Changed(First + "  More int64\n");
        Assert.Equal([IncrementalStepRunReason.Modified, IncrementalStepRunReason.Cached], run.Reasons("Definitions").Order());
        Assert.All(run.Reasons("Catalog"), reason => Assert.Contains(reason, new[] { IncrementalStepRunReason.Cached, IncrementalStepRunReason.Unchanged }));
        Assert.Single(run.OutputReasons(), reason => reason == IncrementalStepRunReason.Modified);
    }

    [Fact]
    public void A_version_added_to_one_file_emits_the_catalog_too()
    {
        GeneratorRun run = Changed(First.Replace("v0", "v0-1"));
        Assert.Contains(IncrementalStepRunReason.Modified, run.Reasons("Catalog"));
    }

    [Fact]
    public void A_comment_after_the_first_line_emits_nothing()
    {
        GeneratorRun run = Changed(First + "# Nothing more.\n");
        Assert.DoesNotContain(IncrementalStepRunReason.Modified, run.OutputReasons());
    }

    private static GeneratorRun Changed(string text)
    {
        GeneratorRun run = GeneratorRun.Over(("Data/First.kmsg", First), ("Data/Second.kmsg", Second));
        run.Write("Data/First.kmsg", text);
        run.Again();
        return run;
    }
}
