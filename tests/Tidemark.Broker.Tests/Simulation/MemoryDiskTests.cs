using System.Text;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Tests.Simulation;

public class MemoryDiskTests
{
    private readonly MemoryDisk _disk = new(new SeededRandom(5));

    public MemoryDiskTests()
    {
        _disk.CreateDirectory("/data/topic-0");
        _disk.SyncDirectory("/");
        _disk.SyncDirectory("/data");
    }

    [Fact]
    public void Bytes_are_read_back_across_pages_and_holes_are_zeros()
    {
        using IDiskFile file = _disk.OpenFile("/data/a", DiskOpen.OpenOrCreate);
        byte[] bytes = new byte[10_000];
        new SeededRandom(1).Fill(bytes.AsSpan());
        file.Write(50_000, bytes);
        byte[] read = new byte[70_000];
        Assert.Equal(60_000, file.Read(0, read));
        Assert.False(read.AsSpan(0, 50_000).ContainsAnyExcept((byte)0));
        Assert.Equal(bytes, read[50_000..60_000]);
        Assert.Equal(60_000, file.Length);
        Assert.Equal(0, file.Read(60_000, read));
    }

    [Fact]
    public void A_file_cut_short_and_grown_again_has_zeros_there()
    {
        using IDiskFile file = Written("/data/a", "0123456789");
        file.SetLength(4);
        file.SetLength(8);
        Assert.Equal("0123\0\0\0\0", Text("/data/a"));
    }

    [Fact]
    public void Names_behave_as_on_a_file_system()
    {
        Assert.Throws<DirectoryNotFoundException>(() => _disk.OpenFile("/none/a", DiskOpen.OpenOrCreate));
        Assert.Throws<FileNotFoundException>(() => _disk.OpenFile("/data/a", DiskOpen.Existing));
        Written("/data/b", "b").Dispose();
        Written("/data/a", "a").Dispose();
        Written("/data/topic-0/0.log", "log").Dispose();
        _disk.Rename("/data/a", "/data/b");
        _disk.Rename("/data/topic-0", "/data/topic-0.delete");
        Assert.Equal([new DiskEntry("b", false, 1), new DiskEntry("topic-0.delete", true, 0)], _disk.List("/data"));
        Assert.Equal("a", Text("/data/b"));
        Assert.Equal("log", Text("/data/topic-0.delete/0.log"));
        _disk.DeleteDirectory("/data/topic-0.delete");
        _disk.DeleteFile("/data/absent");
        Assert.False(_disk.DirectoryExists("/data/topic-0.delete"));
        Assert.Empty(_disk.List("/nowhere"));
        using (IDiskFile open = _disk.OpenFile("/data/b", DiskOpen.Existing))
        {
            _disk.DeleteFile("/data/b");
            Assert.Equal(1, open.Length);
        }
    }

    [Fact]
    public void A_lock_is_held_by_one_and_freed_by_a_crash()
    {
        IDisposable first = _disk.TryLock("/data/.lock")!;
        Assert.Null(_disk.TryLock("/data/.lock"));
        first.Dispose();
        Assert.NotNull(_disk.TryLock("/data/.lock"));
        _disk.CrashNow(CrashKind.Process);
        _disk.Restart();
        Assert.NotNull(_disk.TryLock("/data/.lock"));
    }

    [Fact]
    public void A_killed_process_leaves_all_it_wrote_and_a_prefix_of_its_last_write()
    {
        IDiskFile file = Written("/data/a", "whole");
        _disk.CrashAtChange(_disk.ChangeCount + 1, CrashKind.Process);
        Assert.Throws<SimulatedCrashException>(() => file.Write(5, "torn write"u8));
        Assert.Throws<SimulatedCrashException>(() => _disk.FileExists("/data/a"));
        _disk.Restart();
        Assert.StartsWith(Text("/data/a"), "wholetorn write");
        Assert.StartsWith("whole", Text("/data/a"));
        Assert.Throws<SimulatedCrashException>(() => file.Length);
    }

    [Fact]
    public void Power_loss_spares_what_was_flushed_and_only_sometimes_the_rest()
    {
        var left = new HashSet<string>();
        for (ulong seed = 0; seed < 60; seed++)
        {
            var disk = new MemoryDisk(new SeededRandom(seed));
            IDiskFile file = disk.OpenFile("/a", DiskOpen.OpenOrCreate);
            file.Write(0, "safe"u8);
            file.Flush();
            disk.SyncDirectory("/");
            file.Write(4, "?"u8);
            disk.OpenFile("/b", DiskOpen.Create).Dispose();
            disk.CrashNow(CrashKind.Power);
            disk.Restart();
            byte[] bytes = new byte[10];
            string text = Encoding.ASCII.GetString(bytes, 0, disk.OpenFile("/a", DiskOpen.Existing).Read(0, bytes));
            Assert.StartsWith("safe", text);
            left.Add($"{text}{(disk.FileExists("/b") ? "+b" : "")}");
        }

        // With the byte, without it, or with the new length only; each with and without the unflushed name.
        Assert.Equal(["safe", "safe\0", "safe\0+b", "safe+b", "safe?", "safe?+b"], left.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_full_disk_takes_what_fits()
    {
        _disk.CapacityBytes = _disk.UsedBytes + 8192;
        using IDiskFile file = _disk.OpenFile("/data/a", DiskOpen.OpenOrCreate);
        Assert.Contains("No space left", Assert.Throws<IOException>(() => file.Write(0, new byte[9000])).Message);
        Assert.Equal(8192, file.Length);
        Assert.Equal(0, _disk.Space("/data").UsableBytes);
        _disk.DeleteFile("/data/a");
        Assert.Equal(8192, _disk.Space("/data").UsableBytes);
    }

    [Fact]
    public void A_failing_path_fails_until_it_is_healed()
    {
        using IDiskFile file = Written("/data/a", "x");
        _disk.FailUnder("/data", reads: false);
        Assert.Throws<IOException>(() => file.Write(0, "y"u8));
        Assert.Throws<IOException>(file.Flush);
        Assert.Equal("x", Text("/data/a"));
        _disk.FailUnder("/data");
        Assert.Throws<IOException>(() => _disk.List("/data"));
        _disk.Heal();
        file.Write(0, "y"u8);
        Assert.Equal("y", Text("/data/a"));
    }

    [Fact]
    public void The_digest_tells_disks_apart_by_names_and_bytes()
    {
        string empty = _disk.Digest();
        using IDiskFile file = Written("/data/a", "x");
        string one = _disk.Digest();
        file.Write(0, "y"u8);
        string other = _disk.Digest();
        file.Write(0, "x"u8);
        Assert.Equal(one, _disk.Digest());
        _disk.Rename("/data/a", "/data/b");
        Assert.Equal(4, new HashSet<string> { empty, one, other, _disk.Digest() }.Count);
    }

    private IDiskFile Written(string path, string text)
    {
        IDiskFile file = _disk.OpenFile(path, DiskOpen.OpenOrCreate);
        file.Write(0, Encoding.ASCII.GetBytes(text));
        return file;
    }

    private string Text(string path)
    {
        using IDiskFile file = _disk.OpenFile(path, DiskOpen.Existing);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        return Encoding.ASCII.GetString(bytes);
    }
}
