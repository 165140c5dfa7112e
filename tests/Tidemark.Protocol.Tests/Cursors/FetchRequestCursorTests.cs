using System.Text;
using Tidemark.Protocol.Cursors;
using Tidemark.Protocol.Messages;
using Tidemark.Protocol.Tests.Vectors;
using Tidemark.Tests.Shared;

namespace Tidemark.Protocol.Tests.Cursors;

public class FetchRequestCursorTests
{
    private static MessageVector[] Rows => [.. MessageVector.Own.Where(row => row.ClassName == nameof(FetchRequest))];

    [Fact]
    public void The_cursor_sees_what_the_class_sees()
    {
        foreach (MessageVector row in Rows)
        {
            Assert.Equal(Describe((FetchRequest)MessageClasses.Read(row), row.Version), Walk(row.Bytes, row.Version));
        }
    }

    [Fact]
    public void A_follower_is_known_as_one_in_every_version()
    {
        // In another broker followers were taken for consumers from version 15 on, where their id moved into another field.
        for (short version = FetchRequest.LowestVersion; version <= FetchRequest.HighestVersion; version++)
        {
            var request = new FetchRequest();
            if (version < 15)
            {
                request.ReplicaId = 3;
            }
            else
            {
                request.ReplicaState = new FetchRequest.ReplicaStateValue { ReplicaId = 3, ReplicaEpoch = 77 };
            }

            using var writer = new WireWriter();
            request.Write(writer, version);
            var cursor = new FetchRequestCursor(new WireReader(writer.WrittenSpan.ToArray()), version);

            Assert.Equal((version, 3), (version, cursor.ReplicaId));
        }
    }

    [Fact]
    public void A_request_cut_short_is_refused_before_the_first_topic()
    {
        foreach (MessageVector row in Rows)
        {
            for (int length = 0; length < row.Bytes.Length; length++)
            {
                byte[] cut = row.Bytes[..length];
                Assert.Throws<ProtocolException>(() =>
                {
                    _ = new FetchRequestCursor(new WireReader(cut), row.Version);
                });
            }
        }
    }

    [Fact]
    public void Decoding_takes_no_memory()
    {
        MessageVector row = Rows.Where(row => row.Version == 18).MaxBy(row => row.Bytes.Length)!;
        CountPartitions(row);
        Assert.Equal(0, Allocated.By(Decode, allowed: 0));

        void Decode()
        {
            for (int i = 0; i < 100; i++)
            {
                CountPartitions(row);
            }
        }
    }

    private static int CountPartitions(MessageVector row)
    {
        int count = 0;
        var cursor = new FetchRequestCursor(new WireReader(row.Bytes), row.Version);
        while (cursor.NextTopic())
        {
            while (cursor.NextPartition())
            {
                count++;
            }
        }

        while (cursor.NextForgottenTopic())
        {
            while (cursor.NextForgottenPartition())
            {
                count++;
            }
        }

        return count;
    }

    private static string Describe(FetchRequest request, short version)
    {
        int replica = version >= 15 ? request.ReplicaState.ReplicaId : request.ReplicaId;
        var text = new StringBuilder($"{replica} {request.ReplicaState.ReplicaEpoch} {request.ClusterId} {request.RackId} {request.MaxWaitMs} ")
            .Append($"{request.MinBytes} {request.MaxBytes} {request.IsolationLevel} {request.SessionId} {request.SessionEpoch} {request.Topics.Count}");
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            text.Append($"\n{topic.Topic} {topic.TopicId} {topic.Partitions.Count}");
            foreach (FetchRequest.FetchPartition p in topic.Partitions)
            {
                text.Append('\n').Append(new FetchedPartition(
                    p.Partition, p.CurrentLeaderEpoch, p.FetchOffset, p.LastFetchedEpoch, p.LogStartOffset, p.PartitionMaxBytes, p.ReplicaDirectoryId, p.HighWatermark));
            }
        }

        foreach (FetchRequest.ForgottenTopic topic in request.ForgottenTopicsData)
        {
            text.Append($"\nforget {topic.Topic} {topic.TopicId} {string.Join(' ', topic.Partitions)}");
        }

        return text.ToString();
    }

    private static string Walk(byte[] bytes, short version)
    {
        var cursor = new FetchRequestCursor(new WireReader(bytes), version);
        var text = new StringBuilder($"{cursor.ReplicaId} {cursor.ReplicaEpoch} {Encoding.UTF8.GetString(cursor.ClusterId)} {Encoding.UTF8.GetString(cursor.RackId)} {cursor.MaxWaitMs} ")
            .Append($"{cursor.MinBytes} {cursor.MaxBytes} {cursor.IsolationLevel} {cursor.SessionId} {cursor.SessionEpoch} {cursor.TopicCount}");
        while (cursor.NextTopic())
        {
            text.Append($"\n{Encoding.UTF8.GetString(cursor.TopicName)} {cursor.TopicId} {cursor.PartitionCount}");
            while (cursor.NextPartition())
            {
                text.Append('\n').Append(cursor.Partition);
            }
        }

        while (cursor.NextForgottenTopic())
        {
            text.Append($"\nforget {Encoding.UTF8.GetString(cursor.ForgottenTopicName)} {cursor.ForgottenTopicId} ");
            var partitions = new List<int>();
            while (cursor.NextForgottenPartition())
            {
                partitions.Add(cursor.ForgottenPartition);
            }

            text.AppendJoin(' ', partitions);
        }

        return text.ToString();
    }
}
