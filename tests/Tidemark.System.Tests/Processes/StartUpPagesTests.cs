using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using System.Text.Json;
using Tidemark.Server.Lifecycle;

namespace Tidemark.System.Tests.Processes;

public sealed class StartUpPagesTests
{
    [Fact]
    public void Pages_of_programs_are_let_go_and_come_back_when_they_are_used()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Equal(0, StartUpPages.Release());
            return;
        }

        // A program whose pages are all there, whatever the system has taken of the others: where memory is short it lets go of them by itself.
        using var program = MemoryMappedFile.CreateFromFile(typeof(object).Assembly.Location, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using MemoryMappedViewStream bytes = program.CreateViewStream(0, 0, MemoryMappedFileAccess.Read);
        string text = Serialized();
        string hash = Hash(bytes);
        long before = FilePagesKilobytes();
        Assert.True(StartUpPages.Release() > 0);
        long after = FilePagesKilobytes();
        Assert.True(after < before, $"{before} KB of file pages before, {after} KB after");

        // What was let go is the program itself: it runs on, in all its parts.
        for (int round = 0; round < 3; round++)
        {
            GC.Collect();
            Assert.Equal(text, Serialized());
            Assert.Equal(hash, Hash(bytes));
            Assert.True(StartUpPages.Release() > 0);
        }
    }

    private static string Hash(MemoryMappedViewStream bytes)
    {
        bytes.Position = 0;
        return Convert.ToHexString(SHA256.HashData(bytes));
    }

    private static string Serialized() => JsonSerializer.Serialize(Enumerable.Range(0, 100).ToDictionary(i => i.ToString(CultureInfo.InvariantCulture), i => $"{i:x}"));

    private static long FilePagesKilobytes()
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("RssFile:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
