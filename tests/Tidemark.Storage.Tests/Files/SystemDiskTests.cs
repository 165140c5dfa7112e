using Tidemark.Primitives;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Tests.Files;

public sealed class SystemDiskTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tidemark-disk-").FullName;
    private readonly SystemDisk _disk = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Bytes_are_written_and_read_at_their_places()
    {
        using (IDiskFile file = _disk.OpenFile(Under("f"), DiskOpen.OpenOrCreate))
        {
            file.Write(5, "hello"u8);
            file.Flush();
            byte[] read = new byte[20];
            Assert.Equal(10, file.Read(0, read));
            Assert.Equal("\0\0\0\0\0hello"u8.ToArray(), read[..10]);
            file.SetLength(7);
            Assert.Equal(7, file.Length);
        }

        using (IDiskFile again = _disk.OpenFile(Under("f"), DiskOpen.Existing))
        {
            Assert.Equal(7, again.Length);
        }

        using IDiskFile emptied = _disk.OpenFile(Under("f"), DiskOpen.Create);
        Assert.Equal(0, emptied.Length);
    }

    [Fact]
    public void A_missing_file_is_told_from_a_failing_disk()
    {
        Assert.Throws<FileNotFoundException>(() => _disk.OpenFile(Under("none"), DiskOpen.Existing));
        Assert.Null(AtomicFile.Read(_disk, Under("none")));
        Assert.Empty(_disk.List(Under("none")));
        _disk.DeleteFile(Under("none"));
        _disk.DeleteDirectory(Under("none"));
        Assert.Throws<IOException>(() => _disk.OpenFile(_root, DiskOpen.Existing));
        Assert.Throws<IOException>(() => _disk.Rename(Under("none"), Under("other")));
    }

    [Fact]
    public void Names_are_listed_in_order_with_their_lengths_and_directories_apart()
    {
        _disk.CreateDirectory(Under("b/c"));
        AtomicFile.Write(_disk, Under("a"), "12"u8);
        AtomicFile.Write(_disk, Under("a"), "123"u8);
        Assert.Equal([new DiskEntry("a", false, 3), new DiskEntry("b", true, 0)], _disk.List(_root));
        _disk.Rename(Under("b"), Under("z"));
        Assert.True(_disk.DirectoryExists(Under("z/c")));
        (long total, long usable) = _disk.Space(_root);
        Assert.InRange(usable, 1, total);
    }

    [Fact]
    public void A_directory_of_more_names_than_one_call_brings_is_listed_whole()
    {
        string[] names = [.. Enumerable.Range(0, 2000).Select(i => $"{i:D20}.a-suffix-that-fills-the-buffer")];
        foreach (string name in names)
        {
            File.WriteAllText(Under(name), name[^1..]);
        }

        Assert.Equal(names.Select(name => new DiskEntry(name, false, 1)), _disk.List(_root));
    }

    [Fact]
    public void Names_beyond_ASCII_links_and_links_to_nowhere_are_listed_for_what_they_lead_to()
    {
        _disk.CreateDirectory(Under("real"));
        File.WriteAllText(Under("größe-日本"), "1234");
        File.CreateSymbolicLink(Under("to-directory"), Under("real"));
        File.CreateSymbolicLink(Under("to-file"), Under("größe-日本"));
        File.CreateSymbolicLink(Under("to-nowhere"), Under("none"));
        Assert.Equal(
            [new("größe-日本", false, 4), new("real", true, 0), new("to-directory", true, 0), new("to-file", false, 4), new("to-nowhere", false, 0)],
            _disk.List(_root));
        Assert.Throws<IOException>(() => _disk.List(Under("to-file")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(100_000)]
    public void A_small_file_is_read_whole_whatever_its_length(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        AtomicFile.Write(_disk, Under("f"), content);
        Assert.Equal(content, AtomicFile.Read(_disk, Under("f")));
        if (length > 1000)
        {
            Assert.Throws<IOException>(() => AtomicFile.Read(_disk, Under("f"), bytesMax: 1000));
        }
    }

    [Fact]
    public void A_lock_is_held_by_one_until_it_is_let_go()
    {
        IDisposable? first = _disk.TryLock(Under(".lock"));
        Assert.NotNull(first);
        Assert.Null(_disk.TryLock(Under(".lock")));
        first.Dispose();
        using IDisposable? second = _disk.TryLock(Under(".lock"));
        Assert.NotNull(second);
    }

    [Fact]
    public void A_log_works_on_it_through_rolls_restarts_truncation_and_deletion()
    {
        var fixture = new StorageFixture();
        var surroundings = new LogSurroundings(_disk, TimeProvider.System, SilentStorageEvents.Instance, new OpenFileBudget(3));
        string directory = Under("t-0");
        PartitionLog log = Open(clean: true);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.None, log.AppendAsLeader(fixture.Batch($"{i}"), default).Error);
        }

        log.FlushSealed();
        Assert.Equal(100, StorageFixture.ReadAll(log).Count);
        log.Close();
        log = Open(clean: true);
        log.TruncateTo(new Offset(42));
        log = Open(clean: false);
        Assert.Equal(42, StorageFixture.ReadAll(log).Count);
        log.AdvanceLogStart(new Offset(30));
        Assert.True(log.Retain(new Offset(42)) > 0);
        Assert.Equal(12, StorageFixture.ReadAll(log).Count);
        log.Close();

        PartitionLog Open(bool clean) => PartitionLog.Open(
            surroundings, directory, StorageFixture.Partition, StorageFixture.SmallSegments with { RetentionMs = -1 }, Offset.Zero, Offset.Zero, clean);
    }

    private string Under(string name) => Path.Combine(_root, name);
}
