namespace Tidemark.System.Tests.Processes;

/// <summary>A property file and a directory for a node that is not started yet, removed in the end.</summary>
internal sealed class NodeFiles : IDisposable
{
    public const string ClusterId = "VGlkZW1hcmtTeXN0ZW0wMg";

    private readonly string _home = Directory.CreateTempSubdirectory("tidemark-node-").FullName;

    /// <param name="properties">Beside those that every node needs; a later one of the same key counts.</param>
    public NodeFiles(params string[] properties) => File.WriteAllLines(Configuration,
    [
        "process.roles=broker,controller", "node.id=1", "listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0", "controller.listener.names=CONTROLLER",
        "controller.quorum.voters=1@127.0.0.1:9093", $"log.dirs={Data}", .. properties,
    ]);

    public string Configuration => Path.Combine(_home, "server.properties");

    public string Data => Path.Combine(_home, "data");

    public void Dispose() => Directory.Delete(_home, recursive: true);
}
