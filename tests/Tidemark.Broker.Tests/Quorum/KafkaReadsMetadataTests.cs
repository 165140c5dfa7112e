using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Storage.Files;
using Tidemark.Tests.Shared;

namespace Tidemark.Broker.Tests.Quorum;

/// <summary>Apache Kafka's own tools read what the driver wrote. Skipped where no Kafka is at hand.</summary>
public sealed class KafkaReadsMetadataTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tidemark-quorum-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [KafkaFact]
    public void Log_and_snapshots_are_read_by_the_metadata_decoder()
    {
        string data = Path.Combine(_root, "data");
        var world = new QuorumWorld(RealEnvironment(), data, ("metadata.log.max.record.bytes.between.snapshots", "5000"));
        world.Format(standalone: true);
        world.Start();
        world.Register();
        for (int i = 0; i < 40; i++)
        {
            world.CreateTopic("topic-" + i, 3);
        }

        string log = Path.Combine(data, "__cluster_metadata-0");
        Assert.True(SpinWait.SpinUntil(() => Directory.GetFiles(log, "*.checkpoint").Length > 1, TimeSpan.FromSeconds(20)));
        world.Driver.Close();
        string[] texts = Dump(Path.Combine(log, "00000000000000000000.log"), Directory.GetFiles(log, "*.checkpoint").Order().Last(), Path.Combine(data, "bootstrap.checkpoint"));
        (string dumped, string snapshot, string bootstrap) = (texts[0], texts[1], texts[2]);
        Assert.Contains("LeaderChange", dumped);
        Assert.Contains("REGISTER_BROKER_RECORD", dumped);
        Assert.Equal(40, dumped.Split("\"TOPIC_RECORD\"").Length - 1);
        Assert.DoesNotContain("isvalid: false", dumped);
        Assert.Contains("SnapshotHeader", snapshot);
        Assert.Contains("KRaftVoters", snapshot);
        Assert.Contains("SnapshotFooter", snapshot);
        Assert.Contains("FEATURE_LEVEL_RECORD", snapshot);
        Assert.Contains("FEATURE_LEVEL_RECORD", bootstrap);
    }

    [KafkaFact]
    public void Kafka_starts_on_what_the_driver_wrote_and_the_driver_on_what_Kafka_wrote()
    {
        string data = Path.Combine(_root, "data");
        var world = new QuorumWorld(RealEnvironment(), data);
        world.Format();
        world.Start();
        world.Register();
        world.CreateTopic("ours", 3);
        world.BeginShutdown();
        world.Driver.Close();
        (int client, int controller) = (FreePort(), FreePort());
        string properties = Path.Combine(_root, "node.properties");
        File.WriteAllLines(
            properties,
            [
                "process.roles=broker,controller",
                "node.id=1",
                $"listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
                "controller.listener.names=CONTROLLER",
                $"controller.quorum.voters=1@127.0.0.1:{controller}",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                $"log.dirs={data}",
            ]);
        using Process node = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" class kafka.Kafka \"$1\" >\"$1.out\" 2>&1", KafkaLauncher.Path!, properties]))!;
        try
        {
            string server = $"127.0.0.1:{client}";
            Run("topics", "--bootstrap-server", server, "--create", "--topic", "theirs", "--partitions", "2");
            Assert.Contains("ours", Run("topics", "--bootstrap-server", server, "--list"));
        }
        finally
        {
            node.Kill(entireProcessTree: true);
            node.WaitForExit();
        }

        world.Start();
        Assert.Equal(3, world.Driver.Current.Topics.Find("ours")!.Partitions.Length);
        Assert.Equal(2, world.Driver.Current.Topics.Find("theirs")!.Partitions.Length);
        world.Register();
        Assert.Equal(1, world.Driver.Current.Topics.Find("theirs")!.Partitions[0].Leader);
        world.Driver.Close();
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>What the tool says of each file. It is started once for all of them, which takes longer than what it does.</summary>
    private static string[] Dump(params string[] files)
    {
        string[] texts = Run("dump-log", "--cluster-metadata-decoder", "--files", string.Join(',', files)).Split("Dumping ")[1..];
        Assert.Equal(files, texts.Select(text => text[..text.IndexOf('\n')].Trim()));
        return texts;
    }

    private static string Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(KafkaLauncher.Path!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = new System.Text.StringBuilder();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.ToString());
        return text;
    }

    private static BrokerEnvironment RealEnvironment() => new(
        TimeProvider.System,
        new SystemDisk(),
        new Threads(),
        memory => RandomNumberGenerator.Fill(memory.Span),
        MemoryPool<byte>.Shared,
        NullLoggerFactory.Instance,
        new RefusingConnector(new Threads()));

    private sealed class Threads : IBackground
    {
        public void Post(string name, Action work) => ThreadPool.QueueUserWorkItem(_ => work());
    }
}
