using Tidemark.Broker.Tests.Booting;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>Fetch answers are written around ranges of files by hand; here the generated message has to give the same bytes.</summary>
public sealed class FetchResponseTests
{
    [Theory]
    [MemberData(nameof(Versions))]
    public void The_answer_has_the_bytes_of_the_message_in_every_version(short version)
    {
        var world = new BrokerWorld();
        var id = world.Quorum.CreateTopic("t", 2);
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(2));
        FetchRequest request = TestClient.FetchOf("t", 0);
        request.IsolationLevel = 1;
        request.Topics[0].TopicId = id;
        request.Topics[0].Partitions.Add(new() { Partition = 1, PartitionMaxBytes = 1 << 20 });
        request.Topics[0].Partitions.Add(new() { Partition = 9, PartitionMaxBytes = 1 << 20 });
        request.Topics[0].Partitions.Add(new() { Partition = 0, FetchOffset = 1, PartitionMaxBytes = 1 << 20 });
        if (version >= 12)
        {
            request.Topics[0].Partitions[1].FetchOffset = 7;
            request.Topics[0].Partitions[1].LastFetchedEpoch = 0;
        }

        client.Send(request, version);
        byte[] answer = client.Connection.AwaitAnswer(BrokerWorld.Patience)!;
        int head = version >= 12 ? 5 : 4;
        var reader = new WireReader(answer.AsMemory(head));
        FetchResponse response = FetchResponse.Read(ref reader, version);
        using var writer = new WireWriter();
        response.Write(writer, version);

        Assert.Equal(3, response.Responses[0].Partitions.Count);
        Assert.Equal(answer[head..], writer.WrittenSpan.ToArray());
    }

    public static TheoryData<short> Versions() => [.. Enumerable.Range(4, 15).Select(v => (short)v)];
}
