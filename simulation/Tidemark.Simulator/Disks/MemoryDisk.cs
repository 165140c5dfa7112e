using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tidemark.Storage.Files;

namespace Tidemark.Simulator.Disks;

/// <summary>
/// A disk in memory that behaves as badly as a real one may. It knows what was flushed and what was not; it can crash at a chosen
/// change, run full, and fail under chosen paths. Names become durable by <see cref="SyncDirectory"/> only, bytes by
/// <see cref="IDiskFile.Flush"/> only. Moving something from one directory to another is durable at once, as journals keep it whole.
/// </summary>
public sealed partial class MemoryDisk(SeededRandom random) : IDisk
{
    private readonly Dictionary<string, string[]> _names = new(StringComparer.Ordinal);
    private MemoryDirectoryNode _root = new();

    /// <summary>The wall clock of the machine, by which files are dated; without one nothing has a date.</summary>
    public Func<long> NowMs { get; init; } = static () => 0;

    internal Lock Lock { get; } = new();

    public bool FileExists(string path)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            return Find(path) is MemoryFileNode;
        }
    }

    public bool DirectoryExists(string path)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            return Find(path) is MemoryDirectoryNode;
        }
    }

    public IDiskFile OpenFile(string path, DiskOpen how)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            ThrowIfReadFails(path);
            (MemoryDirectoryNode parent, string name) = Parent(path);
            if (parent.Entries.TryGetValue(name, out MemoryNode? found))
            {
                MemoryFileNode file = found as MemoryFileNode ?? throw new IOException($"{path} is a directory");
                if (how == DiskOpen.Create)
                {
                    BeforeChange(path);
                    Grow(-file.Content.AllocatedBytes);
                    file.Content.SetLength(0);
                    file.ModifiedMs = NowMs();
                }

                return new MemoryDiskFile(this, file, path, _generation);
            }

            if (how == DiskOpen.Existing)
            {
                throw new FileNotFoundException($"Could not find file {path}", path);
            }

            BeforeChange(path);
            var created = new MemoryFileNode { ModifiedMs = NowMs() };
            parent.Entries[name] = created;
            return new MemoryDiskFile(this, created, path, _generation);
        }
    }

    public void CreateDirectory(string path)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            if (Find(path) is MemoryDirectoryNode)
            {
                return;
            }

            BeforeChange(path);
            MemoryDirectoryNode directory = _root;
            foreach (string name in Names(path))
            {
                if (!directory.Entries.TryGetValue(name, out MemoryNode? next))
                {
                    next = new MemoryDirectoryNode();
                    directory.Entries[name] = next;
                }

                directory = next as MemoryDirectoryNode ?? throw new IOException($"{path} leads through a file");
            }
        }
    }

    public IReadOnlyList<DiskEntry> List(string directory)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            ThrowIfReadFails(directory);
            return Find(directory) is MemoryDirectoryNode node
                ? [.. node.Entries.Select(entry => entry.Value is MemoryFileNode file
                    ? new DiskEntry(entry.Key, false, file.Content.Length)
                    : new DiskEntry(entry.Key, true, 0))]
                : [];
        }
    }

    public void Rename(string from, string to)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            (MemoryDirectoryNode source, string oldName) = Parent(from);
            (MemoryDirectoryNode target, string newName) = Parent(to);
            if (!source.Entries.TryGetValue(oldName, out MemoryNode? node))
            {
                throw new FileNotFoundException($"Could not find {from}", from);
            }

            target.Entries.TryGetValue(newName, out MemoryNode? replaced);
            bool makesWay = replaced switch
            {
                null => true,
                MemoryFileNode => node is MemoryFileNode,
                _ => node is MemoryDirectoryNode && ((MemoryDirectoryNode)replaced).Entries.Count == 0,
            };
            if (!makesWay)
            {
                throw new IOException($"Cannot rename {from}: {to} is in the way");
            }

            BeforeChange(from);
            ThrowIfWriteFails(to);
            Release(replaced == node ? null : replaced);
            source.Entries.Remove(oldName);
            target.Entries[newName] = node;
            if (source != target)
            {
                source.FlushedEntries.Remove(oldName);
                target.FlushedEntries[newName] = node;
            }
        }
    }

    public void DeleteFile(string path)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            if (Find(path) is not { } node)
            {
                return;
            }

            if (node is not MemoryFileNode)
            {
                throw new IOException($"{path} is a directory");
            }

            Remove(path, node);
        }
    }

    public void DeleteDirectory(string path)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            if (Find(path) is MemoryDirectoryNode node)
            {
                Remove(path, node);
            }
        }
    }

    public void SyncDirectory(string path)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            MemoryDirectoryNode node = Find(path) as MemoryDirectoryNode
                ?? throw new DirectoryNotFoundException($"Could not find directory {path}");
            BeforeChange(path);
            node.Flush();
            OnFlush?.Invoke();
        }
    }

    public IDisposable? TryLock(string path)
    {
        lock (Lock)
        {
            OpenFile(path, DiskOpen.OpenOrCreate).Dispose();
            var file = (MemoryFileNode)Find(path)!;
            if (file.LockHolder is not null)
            {
                return null;
            }

            var held = new HeldLock(this, file);
            file.LockHolder = held;
            return held;
        }
    }

    public (long TotalBytes, long UsableBytes) Space(string directory)
    {
        lock (Lock)
        {
            ThrowIfCrashed();
            ThrowIfReadFails(directory);
            return (CapacityBytes, Math.Max(0, CapacityBytes - UsedBytes));
        }
    }

    /// <summary>A digest of every name and every byte: equal for equal disks only.</summary>
    public string Digest()
    {
        lock (Lock)
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Append(hash, "", _root);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    private static void Append(IncrementalHash hash, string path, MemoryDirectoryNode directory)
    {
        foreach ((string name, MemoryNode node) in directory.Entries)
        {
            string full = $"{path}/{name}";
            var file = node as MemoryFileNode;
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{full}\n{file?.Content.Length ?? -1}\n")));
            if (node is MemoryDirectoryNode below)
            {
                Append(hash, full, below);
            }
            else
            {
                foreach ((long page, byte[] bytes) in file!.Content.NonZeroPages())
                {
                    hash.AppendData(BitConverter.GetBytes(page));
                    hash.AppendData(bytes);
                }
            }
        }
    }

    /// <summary>The names on a path, kept: the same few paths are asked for all the time.</summary>
    private string[] Names(string path)
    {
        if (!_names.TryGetValue(path, out string[]? names))
        {
            _names[path] = names = [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".")];
        }

        return names;
    }

    private MemoryNode? Find(string path) => Find(Names(path).AsSpan());

    private MemoryNode? Find(ReadOnlySpan<string> names)
    {
        MemoryNode? node = _root;
        foreach (string name in names)
        {
            node = node is MemoryDirectoryNode directory && directory.Entries.TryGetValue(name, out MemoryNode? next) ? next : null;
        }

        return node;
    }

    private (MemoryDirectoryNode Directory, string Name) Parent(string path)
    {
        string[] names = Names(path);
        return (Find(names.AsSpan(..^1)) as MemoryDirectoryNode ?? throw new DirectoryNotFoundException($"Could not find a part of the path {path}"), names[^1]);
    }

    private void Remove(string path, MemoryNode node)
    {
        BeforeChange(path);
        (MemoryDirectoryNode directory, string name) = Parent(path);
        directory.Entries.Remove(name);
        Release(node);
    }

    private sealed class HeldLock(MemoryDisk disk, MemoryFileNode file) : IDisposable
    {
        public void Dispose()
        {
            lock (disk.Lock)
            {
                if (file.LockHolder == this)
                {
                    file.LockHolder = null;
                }
            }
        }
    }
}
