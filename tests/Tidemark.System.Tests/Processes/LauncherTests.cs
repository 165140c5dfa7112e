using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Processes;

/// <summary><c>./tidemark</c> with a program that is built already, in whose place a script stands.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tidemark-launcher-").FullName;

    public LauncherTests()
    {
        foreach (string directory in new[] { "src", "eng", "artifacts/tidemark/current" })
        {
            Directory.CreateDirectory(Path.Combine(_root, directory));
        }

        foreach (string file in new[] { "Directory.Build.props", "Directory.Packages.props", "global.json", "artifacts/tidemark/stamp" })
        {
            File.WriteAllText(Path.Combine(_root, file), "");
        }

        File.Copy(Path.Combine(Repository.Root, "tidemark"), Path.Combine(_root, "tidemark"));
        File.SetLastWriteTimeUtc(Path.Combine(_root, "artifacts/tidemark/stamp"), DateTime.UtcNow.AddMinutes(1));
        string program = Path.Combine(_root, "artifacts/tidemark/current/tidemark");
        File.Copy(Path.Combine(Repository.Root, "tidemark"), program); // An executable file, which what is written next remains.
        File.WriteAllText(program, "#!/bin/sh\nfor n in 0 1 2; do told=\"$told $(readlink /proc/$$/fd/$n)\"; done\necho \"$told\" > \"$1\"\nexit 7\n");
    }

    /// <summary>The runtime would take the numbers for files of its own, and the program would read and write those.</summary>
    [Fact]
    public async Task What_its_caller_has_closed_is_open_on_nothing()
    {
        string told = Path.Combine(_root, "told");
        CommandResult result = await ChildProcess.RunAsync("sh", ["-c", $"'{_root}/tidemark' '{told}' <&- >&- 2>&-"]);
        Assert.Equal(7, result.ExitCode);
        Assert.Equal(" /dev/null /dev/null /dev/null\n", File.ReadAllText(told));
    }

    [Fact]
    public async Task What_its_caller_has_open_is_left_alone()
    {
        string told = Path.Combine(_root, "told");
        CommandResult result = await ChildProcess.RunAsync("sh", ["-c", $"'{_root}/tidemark' '{told}'"]);
        Assert.Equal((7, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.DoesNotContain("/dev/null", File.ReadAllText(told));
    }

    /// <summary>The program carries the runtime that it was built with.</summary>
    [Theory]
    [InlineData("10.0.1", 7)]
    [InlineData("10.0.2", 125)]
    public async Task Another_runtime_is_a_reason_to_build(string installed, int exitCode)
    {
        string sdk = Directory.CreateDirectory(Path.Combine(_root, "sdk")).FullName;
        string runtimes = Path.Combine(sdk, "shared/Microsoft.NETCore.App");
        Directory.CreateDirectory(Path.Combine(runtimes, installed));
        File.Copy(Path.Combine(_root, "tidemark"), Path.Combine(sdk, "dotnet"));
        File.WriteAllText(Path.Combine(sdk, "dotnet"), "#!/bin/sh\necho asked to build >&2\nexit 1\n");
        File.WriteAllText(Path.Combine(_root, "artifacts/tidemark/stamp"), $"{runtimes}/10.0.1\n");
        File.SetLastWriteTimeUtc(Path.Combine(_root, "artifacts/tidemark/stamp"), DateTime.UtcNow.AddMinutes(1));
        CommandResult result = await ChildProcess.RunAsync("sh", ["-c", $"PATH='{sdk}':$PATH '{_root}/tidemark' '{_root}/told'"]);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal(exitCode == 125, result.Error.Contains("asked to build", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
