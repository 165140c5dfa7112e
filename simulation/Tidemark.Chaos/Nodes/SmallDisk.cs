namespace Tidemark.Chaos.Nodes;

/// <summary>A file system in memory that can be filled to the last byte and emptied again.</summary>
internal sealed class SmallDisk(string path)
{
    private const int MegabytesMax = 2048;
    private string Ballast => Path.Combine(path, "ballast");

    public string Logs => Path.Combine(path, "logs");

    public static async Task<SmallDisk?> TryMountAsync(string path)
    {
        Directory.CreateDirectory(path);
        return await ShellCommand.TryAsync("mount", "-t", "tmpfs", "-o", $"size={MegabytesMax}m", "tmpfs", path) is null ? new SmallDisk(path) : null;
    }

    /// <summary>Makes the disk as small as what is on it, less what a page holds.</summary>
    public async Task FillAsync()
    {
        // A remount below what is used is refused, so a file takes the rest; that costs memory, therefore the disk shrinks around it first.
        long used = new DriveInfo(path) is { } drive ? drive.TotalSize - drive.AvailableFreeSpace : 0;
        await ShellCommand.RunAsync("mount", "-o", $"remount,size={(used / 1024) + 512}k", path);
        await using FileStream file = new(Ballast, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 1);
        try
        {
            byte[] block = new byte[4096];
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full, which is what was wanted.
        }
    }

    public async Task EmptyAsync()
    {
        File.Delete(Ballast);
        await ShellCommand.RunAsync("mount", "-o", $"remount,size={MegabytesMax}m", path);
    }

    public Task UnmountAsync() => ShellCommand.TryAsync("umount", "-l", path);
}
