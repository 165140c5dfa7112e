using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Partitions;
using Tidemark.Protocol;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Fetching;

/// <summary>
/// Writes a FetchResponse (v4 to v18) around ranges of files. Topics by name up to v12, by id from v13; flexible from v12.
/// </summary>
internal sealed class FetchResponseWriter(Request request, WireWriter writer)
{
    private readonly short _version = request.ApiVersion;
    private readonly bool _flexible = request.ApiVersion >= 12;
    private readonly List<(int At, LogSlice Slice)> _cuts = [];
    private List<BrokerEndpoint>? _endpoints;

    public void Begin(int sessionId, int topics)
    {
        writer.WriteInt32(0);
        if (_version >= 7)
        {
            writer.WriteInt16(0);
            writer.WriteInt32(sessionId);
        }

        writer.WriteCount(topics, _flexible);
    }

    public void BeginTopic(in FetchKey key, int partitions)
    {
        if (_version >= 13)
        {
            writer.WriteUuid(key.TopicId);
        }
        else
        {
            writer.WriteString(key.Topic!, _flexible);
        }

        writer.WriteCount(partitions, _flexible);
    }

    public void Partition(int index, in PartitionReadResult result, bool emptyAborted, LeaderHint? leader)
    {
        writer.WriteInt32(index);
        writer.WriteErrorCode(result.Error);
        writer.WriteInt64(result.HighWatermark.Value);
        writer.WriteInt64(result.LastStableOffset.Value);
        if (_version >= 5)
        {
            writer.WriteInt64(result.LogStart.Value);
        }

        WriteAborted(result.Aborted, emptyAborted);
        if (_version >= 11)
        {
            writer.WriteInt32(result.PreferredReplica?.Value ?? -1);
        }

        WriteRecords(result.Slice);
        if (!_flexible)
        {
            return;
        }

        writer.WriteVarUInt32((result.Diverging is null ? 0u : 1u) + (leader is null ? 0u : 1u));
        if (result.Diverging is { } diverging)
        {
            BeginTag(0, sizeof(int) + sizeof(long) + 1);
            writer.WriteInt32(diverging.Epoch.Value);
            writer.WriteInt64(diverging.End.Value);
            writer.WriteVarUInt32(0);
        }

        if (leader is { } hint)
        {
            BeginTag(1, sizeof(int) + sizeof(int) + 1);
            writer.WriteInt32(hint.Leader.Value);
            writer.WriteInt32(hint.Epoch.Value);
            writer.WriteVarUInt32(0);
        }
    }

    public void AddEndpoint(BrokerEndpoint endpoint)
    {
        _endpoints ??= [];
        if (!_endpoints.Any(e => e.Broker == endpoint.Broker))
        {
            _endpoints.Add(endpoint);
        }
    }

    public void EndTopic() => EndStruct();

    /// <summary>Closes the response, to be answered with.</summary>
    public OutboundFrame End()
    {
        if (_flexible && _endpoints is null)
        {
            writer.WriteVarUInt32(0);
        }
        else if (_flexible)
        {
            using var endpoints = new WireWriter();
            WriteEndpoints(endpoints, _endpoints!);
            writer.WriteVarUInt32(1);
            BeginTag(0, endpoints.Length);
            writer.WriteRaw(endpoints.WrittenSpan);
        }

        long length = writer.Length;
        foreach ((_, LogSlice slice) in _cuts)
        {
            length += slice.Length;
        }

        ResponseHead.SetSize(writer, length);
        return Assemble();
    }

    private static void WriteEndpoints(WireWriter into, List<BrokerEndpoint> endpoints)
    {
        into.WriteCount(endpoints.Count, compact: true);
        foreach (BrokerEndpoint endpoint in endpoints)
        {
            into.WriteInt32(endpoint.Broker.Value);
            into.WriteString(endpoint.Host, compact: true);
            into.WriteInt32(endpoint.Port);
            into.WriteNullableString(endpoint.Rack, compact: true);
            into.WriteVarUInt32(0);
        }
    }

    private void BeginTag(uint number, int size)
    {
        writer.WriteVarUInt32(number);
        writer.WriteVarUInt32((uint)size);
    }

    private OutboundFrame Assemble()
    {
        ReadOnlyMemory<byte> memory = writer.WrittenMemory;
        if (_cuts.Count == 0)
        {
            return new OutboundFrame([OutboundPart.Of(memory)], [writer]);
        }

        var parts = new List<OutboundPart>((_cuts.Count * 2) + 1);
        var resources = new List<IDisposable>(_cuts.Count + 1) { writer };
        int from = 0;
        foreach ((int at, LogSlice slice) in _cuts)
        {
            parts.Add(OutboundPart.Of(memory[from..at]));
            parts.Add(OutboundPart.Of(slice.File!, slice.Position, slice.Length));
            resources.Add(slice);
            from = at;
        }

        if (from < memory.Length)
        {
            parts.Add(OutboundPart.Of(memory[from..]));
        }

        return new OutboundFrame(parts, resources);
    }

    private void WriteAborted(IReadOnlyList<AbortedRange>? aborted, bool empty)
    {
        if (aborted is null && !empty)
        {
            writer.WriteNullCount(_flexible);
            return;
        }

        writer.WriteCount(aborted?.Count ?? 0, _flexible);
        for (int i = 0; i < (aborted?.Count ?? 0); i++)
        {
            writer.WriteInt64(aborted![i].Producer.Value);
            writer.WriteInt64(aborted[i].FirstOffset.Value);
            EndStruct();
        }
    }

    private void WriteRecords(LogSlice? slice)
    {
        // An empty set of records, not null: Java's consumer takes either, older clients only this.
        writer.WriteCount(slice?.Length ?? 0, _flexible);
        if (slice is { IsEmpty: false })
        {
            _cuts.Add((writer.Length, slice));
        }
        else
        {
            slice?.Dispose();
        }
    }

    private void EndStruct()
    {
        if (_flexible)
        {
            writer.WriteVarUInt32(0);
        }
    }
}
