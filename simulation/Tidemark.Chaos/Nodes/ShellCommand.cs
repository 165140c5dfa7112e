using System.Diagnostics;

namespace Tidemark.Chaos.Nodes;

/// <summary>Runs the system's commands that make namespaces, links and mounts.</summary>
internal static class ShellCommand
{
    /// <exception cref="InvalidOperationException">It failed; the message says what it said.</exception>
    public static async Task RunAsync(string file, params string[] arguments)
    {
        if (await TryAsync(file, arguments) is { } failure)
        {
            throw new InvalidOperationException(failure);
        }
    }

    /// <summary>Null when it succeeded, else what it said.</summary>
    public static async Task<string?> TryAsync(string file, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : $"{Path.GetFileName(file)} {string.Join(' ', arguments)}: {error.Trim()} {(await output).Trim()}";
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return $"{file}: {error.Message}";
        }
    }
}
