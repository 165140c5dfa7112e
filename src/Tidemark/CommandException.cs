namespace Tidemark;

/// <summary>Ends a command with one line for its user and an exit code.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}
