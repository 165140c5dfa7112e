namespace Tidemark;

/// <summary>The exit codes of all commands. Frozen: scripts depend on them.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The server could not start or run, or the cluster refused what was asked.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>No broker answered in time.</summary>
    public const int Unreachable = 3;

    /// <summary>Files were read and damage was found in them.</summary>
    public const int Damaged = 4;

    /// <summary>Interrupted from the keyboard, as shells count it.</summary>
    public const int Interrupted = 130;

    /// <summary>The same for users.</summary>
    public const string Explanation = """
        Exit codes:
          0    success
          1    the server could not start or go on, or the cluster refused what was asked
          2    the command line is wrong; nothing was done
          3    no broker answered in time
          4    files were read and damage was found in them (logs)
          125  the launcher could not build
          130  interrupted

        """;
}
