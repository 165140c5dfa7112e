namespace Tidemark.Protocol.Tests.Generator;

public class EmissionTests
{
    private const string Sample = """
        # Carries a & b < c.
        api 7 Sample  v0-3  flexible v2+  on broker, controller  unstable v3+

        request
          Name    string   v1+  ignorable
          Old     int32    v0  = -1
          Topics  [Topic]? nullable v1+  # may be null
            Id      uuid
            Place   Where  v2+  tag 0

        struct Where
          Rack  string?  = null

        response
          Code  error
        """;

    private static readonly GeneratorRun Run = GeneratorRun.Over(("Messages/07_Sample.kmsg", Sample));

    [Fact]
    public void Each_message_has_its_own_file_beside_the_catalog_and_the_keys() =>
        Assert.Equal(
            ["Keys.g.cs", "MessageCatalog.g.cs", "Messages.07_Sample.SampleRequest.g.cs", "Messages.07_Sample.SampleResponse.g.cs"],
            Run.Sources.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("/// <summary>Carries a &amp; b &lt; c.</summary>")]
    [InlineData("public const short HighestVersion = 3;")]
    [InlineData("if (version >= 1)")]
    [InlineData("if (version == 0)")]
    [InlineData("public int Old { get; set; } = -1;")]
    [InlineData("throw WireWriter.NotInVersion(\"SampleRequest.Old\", version);")]
    [InlineData("throw WireWriter.NullNotInVersion(\"SampleRequest.Topics\", version);")]
    [InlineData("leastElementSize: 16")]
    [InlineData("bool hasPlace = _place is { IsDefault: false };")]
    public void A_message_reads_as_it_was_defined(string expected) =>
        Assert.Contains(expected, Run.Sources["Messages.07_Sample.SampleRequest.g.cs"]);

    [Fact]
    public void An_ignorable_field_is_left_out_in_silence() =>
        Assert.DoesNotContain("SampleRequest.Name\", version", Run.Sources["Messages.07_Sample.SampleRequest.g.cs"]);

    [Fact]
    public void The_catalog_knows_versions_listeners_and_what_is_unstable() =>
        Assert.Contains("new(ApiKey.Sample, \"Sample\", 0, 3, 2, 2, true, true, -1),", Run.Sources["MessageCatalog.g.cs"]);
}
