using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Disks;

/// <summary>A file system in memory of a few megabytes, mounted for one test.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static async Task<SmallDisk> MountAsync(int megabytes)
    {
        string path = Directory.CreateTempSubdirectory("tidemark-disk-").FullName;
        (await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path])).Succeeded();
        return new SmallDisk(path);
    }

    public async Task GrowAsync(int megabytes) =>
        (await ChildProcess.RunAsync("mount", ["-o", $"remount,size={megabytes}m", Path])).Succeeded();

    public async ValueTask DisposeAsync()
    {
        await ChildProcess.RunAsync("umount", ["-l", Path]);
        Directory.Delete(Path);
    }
}

/// <summary>A test that mounts a file system, which takes root and the right to do it.</summary>
public sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Absence = new(() => TryAsync().GetAwaiter().GetResult());

    public SmallDiskFactAttribute() => Skip = Absence.Value;

    private static async Task<string?> TryAsync()
    {
        if (Environment.UserName != "root" || !ChildProcess.Exists("mount"))
        {
            return "only root can mount a small file system";
        }

        string path = Directory.CreateTempSubdirectory("tidemark-disk-").FullName;
        try
        {
            CommandResult mounted = await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
            if (mounted.ExitCode == 0)
            {
                await ChildProcess.RunAsync("umount", [path]);
            }

            return mounted.ExitCode == 0 ? null : "this machine does not allow to mount a file system";
        }
        finally
        {
            Directory.Delete(path);
        }
    }
}
