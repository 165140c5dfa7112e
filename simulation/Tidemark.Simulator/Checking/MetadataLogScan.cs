using System.Globalization;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Files;

namespace Tidemark.Simulator.Checking;

/// <summary>A batch of a metadata log, with its bytes.</summary>
internal readonly record struct MetadataBatch(BatchMark Mark, byte[] Bytes)
{
    /// <summary>The voters that it names; null when it names none.</summary>
    public IReadOnlyList<int>? Voters()
    {
        var header = new RecordBatchHeader(Bytes);
        var reader = new RecordReader(header, header.Payload);
        while (header.IsControl && reader.MoveNext(out RecordView control))
        {
            if (ControlRecord.TryReadType(control.Key, out ControlRecordType type) && type == ControlRecordType.KRaftVoters)
            {
                var wire = new WireReader(control.Value.ToArray() ?? []);
                return [.. VotersRecord.Read(ref wire, 0).Voters.Select(voter => voter.VoterId)];
            }
        }

        return null;
    }
}

/// <summary>The metadata log on one node's disk, read as it grows; from its beginning again when it was cut, begun anew, or lay on a crashed disk.</summary>
internal sealed class MetadataLogScan(SimulatedNode node)
{
    private const string Directory = "/data/__cluster_metadata-0";
    private readonly List<MetadataBatch> _batches = [];
    private string _file = "";
    private long _lastAt;
    private long _position;
    private long _changes = -1;
    private object? _life;

    /// <summary>In the order of their offsets.</summary>
    public IReadOnlyList<MetadataBatch> Batches => _batches;

    /// <summary>How many of the batches were compared with what is committed.</summary>
    public int Compared { get; set; }

    /// <summary>Where the log's first segment begins.</summary>
    public long Start { get; private set; }

    /// <summary>Where the log ends; where it begins when it holds nothing behind a snapshot.</summary>
    public long End => _batches.Count == 0 ? Start : _batches[^1].Mark.Next;

    /// <summary>Whether the batch stands in the log, or lies before its beginning.</summary>
    public bool Holds(BatchMark? mark)
    {
        if (mark is not { } batch || batch.Next <= Start)
        {
            return true;
        }

        if (_batches.Count == 0)
        {
            return false;
        }

        int i = _batches.Count - 1;
        while (i > 0 && _batches[i].Mark.First > batch.First)
        {
            i--;
        }

        return _batches[i].Mark == batch;
    }

    /// <summary>The voters named last in what stands at or behind an offset; null when none are.</summary>
    public IReadOnlyList<int>? VotersFrom(long offset)
    {
        for (int i = _batches.Count - 1; i >= 0 && _batches[i].Mark.First >= offset; i--)
        {
            if (_batches[i].Voters() is { } voters)
            {
                return voters;
            }
        }

        return null;
    }

    /// <summary>Reads what a running node wrote since. A disk counts its changes; what a crash takes besides, another process finds.</summary>
    public void Refresh()
    {
        if (ReferenceEquals(_life, node.Process) && _changes == node.Disk.ChangeCount && !node.Disk.HasCrashed)
        {
            return;
        }

        string[] files = [.. node.Disk.List(Directory).Where(entry => entry.Name.EndsWith(".log", StringComparison.Ordinal)).Select(entry => entry.Name).Order(StringComparer.Ordinal)];
        if (!ReferenceEquals(_life, node.Process) || !files.Contains(_file) || !StillHoldsTheLast())
        {
            _batches.Clear();
            (_life, _file, _position, _lastAt, Compared) = (node.Process, files.FirstOrDefault(""), 0, 0, 0);
        }

        Start = files.Length == 0 ? 0 : long.Parse(Path.GetFileNameWithoutExtension(files[0]), CultureInfo.InvariantCulture);
        foreach (string file in files.SkipWhile(each => each != _file))
        {
            if (file != _file)
            {
                (_file, _position) = (file, 0);
            }

            Read();
        }

        _changes = node.Disk.ChangeCount;
    }

    private void Read()
    {
        byte[] bytes = Bytes(_position);
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            byte[] batch = walk.Current.Batch.ToArray();
            _batches.Add(new MetadataBatch(StoredBatches.MarkOf(walk.Current), batch));
            _lastAt = _position;
            _position += batch.Length;
        }
    }

    private bool StillHoldsTheLast()
    {
        if (_batches.Count == 0 || _position == 0)
        {
            return true;
        }

        byte[] bytes = Bytes(_lastAt, _batches[^1].Bytes.Length);
        return bytes.AsSpan().SequenceEqual(_batches[^1].Bytes);
    }

    private byte[] Bytes(long from, int max = int.MaxValue)
    {
        MemoryDisk disk = node.Disk;
        using IDiskFile file = disk.OpenFile($"{Directory}/{_file}", DiskOpen.Existing);
        byte[] bytes = new byte[Math.Clamp(file.Length - from, 0, max)];
        file.Read(from, bytes);
        return bytes;
    }
}
