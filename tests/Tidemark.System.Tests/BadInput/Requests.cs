using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.System.Tests.BadInput;

/// <summary>Requests as our own protocol classes write them, sent over a connection of a test.</summary>
public static class Requests
{
    private const short ProduceVersion = 9;

    /// <summary>Sends a request and reads its answer; fails when the broker closes the connection instead.</summary>
    public static async Task<TResponse> AskAsync<TResponse>(this RawConnection connection, IApiRequest request, short version)
        where TResponse : class, IMessage<TResponse>
    {
        TResponse? response = await connection.TryAskAsync<TResponse>(request, version);
        Assert.True(response != null, $"{request.Api} was answered with the end of the connection");
        return response;
    }

    /// <summary>The same, with null where the broker closed the connection.</summary>
    public static async Task<TResponse?> TryAskAsync<TResponse>(this RawConnection connection, IApiRequest request, short version)
        where TResponse : class, IMessage<TResponse> => (TResponse?)await connection.TryAskAsync(request, version);

    /// <summary>The same for any request.</summary>
    public static async Task<IMessage?> TryAskAsync(this RawConnection connection, IApiRequest request, short version)
    {
        ApiDescriptor api = MessageCatalog.Api(request.Api);
        using WireWriter writer = new();
        request.Write(writer, version);
        await connection.SendAsync(RawConnection.Frame(RawConnection.Header((short)request.Api, version, api.IsFlexible(version)), writer.WrittenSpan.ToArray()));
        byte[]? answer = await connection.AnswerAsync();
        return answer == null ? null : Parse(answer, api, version);
    }

    /// <summary>Writes bytes to a partition as if they were batches, with acks=all.</summary>
    public static async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(
        this RawConnection connection, string topic, int partition, ReadOnlyMemory<byte> records, string? transactionalId = null)
    {
        ProduceResponse.PartitionProduceResponse? answer = await connection.TryProduceAsync(topic, partition, records, transactionalId);
        Assert.True(answer != null, "Produce was answered with the end of the connection");
        return answer;
    }

    /// <summary>The same, with null where the broker closed the connection.</summary>
    public static async Task<ProduceResponse.PartitionProduceResponse?> TryProduceAsync(
        this RawConnection connection, string topic, int partition, ReadOnlyMemory<byte> records, string? transactionalId = null)
    {
        ProduceRequest request = new() { Acks = -1, TimeoutMs = 10000, TransactionalId = transactionalId };
        request.TopicData.Add(new() { Name = topic, PartitionData = [new() { Index = partition, Records = records }] });
        ProduceResponse? response = await connection.TryAskAsync<ProduceResponse>(request, ProduceVersion);
        return response?.Responses.Single().PartitionResponses.Single();
    }

    private static IMessage Parse(byte[] answer, ApiDescriptor api, short version)
    {
        WireReader reader = new(answer);
        ResponseHeader.Read(ref reader, api.ResponseHeaderVersion(version));
        return MessageCatalog.ReadResponse((short)api.Key, ref reader, version);
    }
}
