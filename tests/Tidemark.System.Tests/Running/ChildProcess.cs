using System.Diagnostics;
using System.Text;

namespace Tidemark.System.Tests.Running;

/// <summary>What a command printed and how it ended.</summary>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>The output, once it is sure that the command succeeded.</summary>
    public string Succeeded()
    {
        Assert.True(ExitCode == 0, $"{Command}: exit code {ExitCode}{Environment.NewLine}{Last(Error)}{Environment.NewLine}{Last(Output)}");
        return Output;
    }

    private static string Last(string text) => text.Length <= 3000 ? text : text[^3000..];
}

/// <summary>Runs commands to their end.</summary>
public static class ChildProcess
{
    private static readonly TimeSpan TimeoutDefault = TimeSpan.FromSeconds(90);

    /// <summary>Kills it with all its children, where it still runs.</summary>
    public static void End(this Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        process.Dispose();
    }

    /// <summary>Runs a command with text on its standard input, and kills it with all its children when it takes too long.</summary>
    public static async Task<CommandResult> RunAsync(string file, IEnumerable<string> arguments, string input = "", TimeSpan? timeout = null)
    {
        ProcessStartInfo start = new(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        start.Environment["NO_COLOR"] = "1";
        start.Environment["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"; // Kafka's tools end before better code pays.
        string command = $"{Path.GetFileName(file)} {string.Join(' ', start.ArgumentList)}";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException(command);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading its input; its exit code and messages say more than the broken pipe.
        }

        using CancellationTokenSource deadline = new(timeout ?? TimeoutDefault);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{command}: did not end in time{Environment.NewLine}{await error}{Environment.NewLine}{await output}");
        }

        return new CommandResult(command, process.ExitCode, await output, await error);
    }

    /// <summary>Whether a command of this name stands on the path.</summary>
    public static bool Exists(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, name)));
}
