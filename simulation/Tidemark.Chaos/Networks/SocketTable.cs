using System.Globalization;
using System.Net;

namespace Tidemark.Chaos.Networks;

/// <summary>Which process holds a connection, from the files of /proc.</summary>
internal static class SocketTable
{
    private const int LocalColumn = 1;
    private const int InodeColumn = 9;

    /// <summary>The socket whose own end is this IPv4 address and port; also where a process that speaks both families holds it.</summary>
    public static string? InodeOf(IPEndPoint end)
    {
        string port = ":" + end.Port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string file in new[] { "/proc/net/tcp", "/proc/net/tcp6" })
        {
            foreach (string line in File.ReadLines(file).Skip(1))
            {
                string[] columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (columns.Length > InodeColumn && columns[LocalColumn].EndsWith(port, StringComparison.Ordinal) && columns[InodeColumn] != "0")
                {
                    return columns[InodeColumn];
                }
            }
        }

        return null;
    }

    public static bool Holds(int process, string inode)
    {
        try
        {
            string wanted = $"socket:[{inode}]";
            return new DirectoryInfo($"/proc/{process}/fd").EnumerateFileSystemInfos().Any(entry => entry.LinkTarget == wanted);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The process, or one of its files, is gone by now.
            return false;
        }
    }
}
