using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Faults;

/// <summary>Which calls fail once the trigger is there.</summary>
public enum FailingCalls
{
    /// <summary>What changes a file's content.</summary>
    Write,

    /// <summary>What makes it durable.</summary>
    Flush,
}

/// <summary>
/// A small shared library, compiled once for a run of tests, that a process loads before all others and that makes some of its calls
/// fail: see <c>faults.c</c>.
/// </summary>
public static class FaultLibrary
{
    private static readonly Lazy<Task<CommandResult>> Compiled = new(CompileAsync);
    private static readonly string Folder = Directory.CreateTempSubdirectory("tidemark-faults-").FullName;

    static FaultLibrary() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    /// <summary>Why it cannot be had on this machine; null where it can.</summary>
    public static string? Absence { get; } =
        !OperatingSystem.IsLinux() ? "only Linux loads libraries before a program's own" : Compiler == null ? "there is no C compiler (gcc, cc or clang) for the library that makes calls fail" : null;

    private static string? Compiler => new[] { "gcc", "cc", "clang" }.FirstOrDefault(ChildProcess.Exists);

    private static string Library => Path.Combine(Folder, "faults.so");

    /// <summary>Environment variables with which a process fails in the calls for files below a directory, from the moment that the trigger exists.</summary>
    public static async Task<Dictionary<string, string>> FailingDiskAsync(string directory, string trigger, FailingCalls calls)
    {
        Dictionary<string, string> variables = await PreloadAsync();
        variables["FAULT_DIRECTORY"] = directory;
        variables["FAULT_TRIGGER"] = trigger;
        variables["FAULT_CALLS"] = calls == FailingCalls.Write ? "write" : "flush";
        return variables;
    }

    /// <summary>Environment variables with which a process does not find a shared library.</summary>
    /// <param name="library">The beginning of its file's name.</param>
    public static async Task<Dictionary<string, string>> MissingLibraryAsync(string library)
    {
        Dictionary<string, string> variables = await PreloadAsync();
        variables["FAULT_MISSING"] = library;
        return variables;
    }

    private static async Task<Dictionary<string, string>> PreloadAsync()
    {
        (await Compiled.Value).Succeeded();
        return new() { ["LD_PRELOAD"] = Library };
    }

    private static Task<CommandResult> CompileAsync() =>
        ChildProcess.RunAsync(Compiler!, ["-shared", "-fPIC", "-O1", "-Wall", "-o", Library, Path.Combine(AppContext.BaseDirectory, "Faults", "faults.c"), "-ldl"]);
}

/// <summary>A test that makes calls of the process fail.</summary>
public sealed class FaultFactAttribute : FactAttribute
{
    public FaultFactAttribute() => Skip = FaultLibrary.Absence;
}

/// <summary>As <see cref="FaultFactAttribute"/>, once for each row of data.</summary>
public sealed class FaultTheoryAttribute : TheoryAttribute
{
    public FaultTheoryAttribute() => Skip = FaultLibrary.Absence;
}
