using System.Diagnostics;

namespace Tidemark.Network.Tests.Clients;

/// <summary>The program's commands, as processes against scripted brokers.</summary>
internal static class TidemarkCommand
{
    /// <summary>Far more than a command of these tests takes on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly string s_program =
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Tidemark", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "tidemark"));

    /// <summary>Under <c>env</c>, because whoever runs the tests in the background may have SIGINT ignored, and children inherit that.</summary>
    public static Process Start(ScriptedNodes nodes, params string[] arguments) => Process.Start(
        new ProcessStartInfo("env", ["--default-signal=INT", "NO_COLOR=1", s_program, .. arguments, "-b", string.Join(',', nodes.ClientOptions.BootstrapServers)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(ScriptedNodes nodes, params string[] arguments)
    {
        using Process process = Start(nodes, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, await output, await error);
    }
}
