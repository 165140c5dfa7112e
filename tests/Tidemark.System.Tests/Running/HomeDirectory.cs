using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Running;

/// <summary>Directories of processes that the tests start.</summary>
internal static class HomeDirectory
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Removes the directory of a process that has ended, or was killed with its children. For those nobody but the system waits, and the
    /// last of them may still be making files.
    /// </summary>
    public static Task RemoveAsync(string path) => Eventually.HoldsAsync($"{path} is removed", s_patience, () =>
    {
        try
        {
            Directory.Delete(path, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return !Directory.Exists(path);
        }
    });
}
