namespace Tidemark.Protocol.Tests.Generator;

/// <summary>A definition that is wrong fails the build with the file, the place and what is wrong.</summary>
public class DiagnosticTests
{
    private const string Start = "# Keeps a member.\napi 12 Heartbeat  v0-4  flexible v4+  on broker\n\n";

    public static TheoryData<string, string> Broken => new()
    {
        { "", "(1,1): KMSG001: The file defines nothing" },
        { "api 12 Heartbeat  v0-4  on broker\nrequest\nresponse\n", "(1,1): KMSG001: A comment that says what the message is for opens the file." },
        { "# x\nrpc 12 Heartbeat  v0-4\n", "(2,1): KMSG001: 'rpc' is not a kind of definition" },
        { "# x\napi twelve Heartbeat  v0-4\n", "(2,5): KMSG001: 'twelve' is not the message's key" },
        { "# x\napi 12 heartbeat  v0-4\n", "(2,8): KMSG001: 'heartbeat' is not the message's name" },
        { "# x\napi 12 Heartbeat  0-4\n", "(2,19): KMSG001: '0-4' is not a version range" },
        { "# x\napi 12 Heartbeat  v4-0\n", "(2,19): KMSG001: 'v4-0' is not a version range" },
        { "# x\napi 12 Heartbeat  v0-4  stretchy v4+\n", "(2,25): KMSG001: 'stretchy' is not an option here" },
        { "# x\napi 12 Heartbeat  v0-4  on moon\n", "(2,28): KMSG001: 'moon' is not a listener" },
        { "# x\napi 12 Heartbeat  v0-4\nrequest\nresponse\n", "(2,8): KMSG002: An API is served somewhere" },
        { Start + "request\n", "(2,8): KMSG001: The section 'response' is missing." },
        { Start + "request\nresponse\nepilogue\n", "(6,1): KMSG001: 'epilogue' is not expected here" },
        { Start + "request\n\tGroupId string\nresponse\n", "(5,1): KMSG001: A tab" },
        { Start + "request\n   GroupId string\nresponse\n", "(5,1): KMSG001: Indented by 3 spaces" },
        { Start + "request\n    GroupId string\nresponse\n", "(5,5): KMSG001: Indented more deeply" },
        { Start + "request\n  GroupId\nresponse\n", "(5,10): KMSG001: The line ends where the field's type should follow." },
        { Start + "request\n  GroupId text\nresponse\n", "(5,11): KMSG001: 'text' is not a type." },
        { Start + "request\n  groupId string\nresponse\n", "(5,3): KMSG001: 'groupId' is not a field's name" },
        { Start + "request\n  GroupId string optional\nresponse\n", "(5,18): KMSG001: 'optional' is not an option of a field" },
        { Start + "request\n  GroupId string tag one\nresponse\n", "(5,22): KMSG001: 'one' is not a tag" },
        { Start + "request\n  GroupId string v5+\nresponse\n", "(5,3): KMSG002: GroupId: v5+ lies outside the message's versions v0-4." },
        { Start + "request\n  GroupId string nullable v5+\nresponse\n", "(5,3): KMSG002: GroupId: nullable v5+ lies outside" },
        { Start + "request\n  Id int32?\nresponse\n", "(5,3): KMSG002: Id: a value of this type cannot be null." },
        { Start + "request\n  Id int32 tag 0\nresponse\n", "(5,3): KMSG002: Id: a tagged field exists only in flexible versions (v4+)." },
        { Start + "request\n  Id int32 v4+ tag 1\nresponse\n", "(4,1): KMSG002: Tags count from 0 without gaps: 0 is missing" },
        { Start + "request\n  Id int32 v4+ tag 0\n  Other int32 v4+ tag 0\nresponse\n", "(6,3): KMSG002: Tag 0 is taken by another field." },
        { Start + "request\n  Id int8 = 128\nresponse\n", "(5,3): KMSG002: Id: '128' is not a default for this type." },
        { Start + "request\n  Id string = null\nresponse\n", "(5,3): KMSG002: Id: 'null' is not a default for this type." },
        { Start + "request\n  Id [float64]\nresponse\n", "(5,3): KMSG002: Id: arrays of this type are not supported" },
        { Start + "request\n  Id int32 plain\nresponse\n", "(5,3): KMSG002: Id: only strings and bytes have a form" },
        { Start + "request\n  Id int32\n  Id int32\nresponse\n", "(6,3): KMSG002: The field Id is defined twice." },
        { Start + "request\n  Topics [Topic]\nresponse\n", "(5,3): KMSG002: There is no type Topic" },
        { Start + "request\n  Id int32\nstruct Topic\n  Id int32\nresponse\n", "(6,8): KMSG002: No field is of type Topic." },
        { Start + "request\n  Topic [Topic]\n    Id int32\nresponse\n", "(5,3): KMSG002: The struct Topic would collide" },
        { Start + "request\n  Topics [Topic]\n    Topic int32\nresponse\n", "(6,5): KMSG002: The field Topic has the name of the struct" },
        { Start + "request\n  Nodes [Node]\n    Inner [Node]\nresponse\n", "(6,5): KMSG002: The struct Node contains itself: nesting must end." },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_wrong_definition_is_reported_where_it_is_wrong(string text, string expected)
    {
        string[] found = GeneratorRun.Diagnose(text);
        Assert.Contains(found, diagnostic => diagnostic.StartsWith("Messages/12_Heartbeat.kmsg" + expected, StringComparison.Ordinal));
    }

    [Fact]
    public void The_file_is_named_after_what_it_defines() =>
        Assert.Equal(
            ["Messages/13_Heartbeat.kmsg(2,8): KMSG002: The file that defines this is called 12_Heartbeat.kmsg."],
            GeneratorRun.Diagnose(Start + "request\nresponse\n", "Messages/13_Heartbeat.kmsg"));

    [Fact]
    public void A_number_belongs_to_one_message()
    {
        GeneratorRun run = GeneratorRun.Over(
            ("Messages/12_Heartbeat.kmsg", Start + "request\nresponse\n"),
            ("Messages/12_Pulse.kmsg", Start.Replace("Heartbeat", "Pulse") + "request\nresponse\n"));
        Assert.Equal("Key 12 of 'api' belongs to Heartbeat already.", Assert.Single(run.Result.Diagnostics).GetMessage());
        Assert.DoesNotContain("MessageCatalog.g.cs", run.Sources.Keys);
    }

    [Fact]
    public void A_class_is_defined_once()
    {
        GeneratorRun run = GeneratorRun.Over(
            ("A/Marker.kmsg", "# x\ndata Marker v0\n"),
            ("B/Marker.kmsg", "# x\ndata Marker v0\n"));
        Assert.Equal("Another file defines Marker already.", Assert.Single(run.Result.Diagnostics).GetMessage());
    }
}
