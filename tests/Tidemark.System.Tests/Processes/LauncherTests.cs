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

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
