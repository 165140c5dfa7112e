using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Network.Tests.Clients;

/// <summary><c>tidemark consume --group</c> at a coordinator that goes on without it: what was printed is committed, or the command says that it is not.</summary>
public sealed partial class GroupReadingTests : IDisposable
{
    private const int Sigint = 2;

    private readonly ScriptedNodes _nodes = new(1);
    private readonly List<(int Generation, long Offset, ErrorCode Answer)> _commits = [];
    private int _generation;

    /// <summary>What a commit of a generation is answered with.</summary>
    private Func<int, ErrorCode> _commitError = _ => ErrorCode.None;

    public GroupReadingTests()
    {
        _nodes.Leaders.Clear();
        _nodes.Leaders.Enqueue([1]);
        _nodes.On<JoinGroupRequest, JoinGroupResponse>((_, _) => new() { MemberId = "m", GenerationId = ++_generation, Leader = "other", ProtocolName = "range" });
        _nodes.On<SyncGroupRequest, SyncGroupResponse>((_, _) => new() { Assignment = Assignment });
        _nodes.On<HeartbeatRequest, HeartbeatResponse>(new HeartbeatResponse());
        _nodes.On<LeaveGroupRequest, LeaveGroupResponse>(new LeaveGroupResponse { Members = [new() { MemberId = "m" }] });
        _nodes.On<OffsetFetchRequest, OffsetFetchResponse>(new OffsetFetchResponse { Groups = [new() { GroupId = "g" }] });
        _nodes.On<OffsetCommitRequest, OffsetCommitResponse>((_, request) => Commit(request));
        _nodes.On<ListOffsetsRequest, ListOffsetsResponse>(new ListOffsetsResponse { Topics = [new() { Name = "t", Partitions = [new() { Offset = 0 }] }] });
        _nodes.On<FetchRequest, FetchResponse>((_, request) => Fetch(request.Topics[0].Partitions[0].FetchOffset, request.Topics[0].TopicId));
    }

    /// <summary>Partition 0 of the topic, in the consumer protocol's first version.</summary>
    private static byte[] Assignment => [0, 0, 0, 0, 0, 1, 0, 1, (byte)'t', 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255];

    public void Dispose() => _nodes.Dispose();

    [Theory]
    [InlineData(ErrorCode.RebalanceInProgress)]
    [InlineData(ErrorCode.IllegalGeneration)]
    [InlineData(ErrorCode.UnknownMemberId)]
    public async Task What_could_not_be_committed_is_committed_after_the_next_join_and_printed_once(ErrorCode first)
    {
        _commitError = generation => generation < 3 ? first : ErrorCode.None;
        (int exitCode, string output, string error) = await TidemarkCommand.RunAsync(_nodes, "consume", "t", "--group", "g");
        Assert.Equal((0, "one\n", ""), (exitCode, output, error));
        Assert.Equal([(1, 1, first), (2, 1, first), (3, 1, ErrorCode.None)], _commits);
        Assert.Single(_nodes.Asked(ApiKey.LeaveGroup));
    }

    [Fact]
    public async Task A_reader_that_ends_without_its_membership_says_that_something_is_not_committed()
    {
        _commitError = _ => ErrorCode.UnknownMemberId;
        using Process reader = TidemarkCommand.Start(_nodes, "consume", "t", "--group", "g", "--follow", "--from-beginning");
        Assert.Equal("one", await reader.StandardOutput.ReadLineAsync().WaitAsync(TidemarkCommand.Patience));
        Assert.Equal(0, Kill(reader.Id, Sigint));
        string error = await reader.StandardError.ReadToEndAsync().WaitAsync(TidemarkCommand.Patience);
        await reader.WaitForExitAsync().WaitAsync(TidemarkCommand.Patience);
        Assert.Equal((3, "tidemark: group g: what was printed last is not committed\n"), (reader.ExitCode, error));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private static FetchResponse Fetch(long offset, Uuid topic)
    {
        using var builder = new RecordBatchBuilder();
        builder.AppendAt(new Offset(0), 1, RecordBytes.Null, Encoding.ASCII.GetBytes("one"));
        return new()
        {
            Responses =
            [
                new()
                {
                    TopicId = topic,
                    Partitions = [new() { HighWatermark = 1, AbortedTransactions = null, Records = offset == 0 ? builder.Build().ToArray() : ReadOnlyMemory<byte>.Empty }],
                },
            ],
        };
    }

    private OffsetCommitResponse Commit(OffsetCommitRequest request)
    {
        OffsetCommitRequest.OffsetCommitRequestPartition partition = request.Topics[0].Partitions[0];
        ErrorCode answer = _commitError(request.GenerationIdOrMemberEpoch);
        _commits.Add((request.GenerationIdOrMemberEpoch, partition.CommittedOffset, answer));
        return new() { Topics = [new() { Name = "t", TopicId = request.Topics[0].TopicId, Partitions = [new() { PartitionIndex = 0, ErrorCode = answer }] }] };
    }
}
