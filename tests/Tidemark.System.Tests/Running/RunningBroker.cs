using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidemark.Chaos.Networks;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Running;

/// <summary>
/// One broker as a process of its own, with a configuration file and a data directory that are removed in the end. It can be killed and
/// started again. With TIDEMARK_TARGET=kafka it is an Apache Kafka node, by which the tests themselves are tried.
/// </summary>
public sealed partial class RunningBroker : IAsyncDisposable
{
    private const string ClusterId = "VGlkZW1hcmtTeXN0ZW0wMQ";
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromSeconds(150);
    private readonly StringBuilder _output = new();
    private Process? _process;

    private RunningBroker(string[] properties)
    {
        Port = LoopbackPorts.Take(2);
        Directory.CreateDirectory(Home);
        File.WriteAllLines(Configuration,
        [
            "process.roles=broker,controller", "node.id=1", $"listeners=PLAINTEXT://127.0.0.1:{Port},CONTROLLER://127.0.0.1:{ControllerPort}",
            $"advertised.listeners=PLAINTEXT://127.0.0.1:{Port}", "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", $"controller.quorum.voters=1@127.0.0.1:{ControllerPort}",
            $"log.dirs={Data}", "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1", .. properties,
        ]);
    }

    /// <summary>Whether the next process is an Apache Kafka node instead of Tidemark, on the same configuration and data.</summary>
    public bool IsKafka { get; set; } = Environment.GetEnvironmentVariable("TIDEMARK_TARGET") == "kafka";

    /// <summary>How many files and sockets the next process may have open (<c>ulimit -n</c>); as these tests' when not set.</summary>
    public int? DescriptorsMax { get; set; }

    /// <summary>Environment variables that the next process gets beside those of the tests.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>The executable that the build made beside these tests, or the one that TIDEMARK_BIN names.</summary>
    public static string Executable { get; } = Environment.GetEnvironmentVariable("TIDEMARK_BIN") is { Length: > 0 } named
        ? named
        : Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Tidemark", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "tidemark"));

    /// <summary>The broker's own directory; data lies in <c>data</c> below it, unless <c>log.dirs</c> was given.</summary>
    public string Home { get; } = Path.Combine(Path.GetTempPath(), "tidemark-" + Guid.NewGuid().ToString("N")[..12]);

    public int Port { get; }

    public int ControllerPort => Port + 1;

    public string Data => Path.Combine(Home, "data");

    public string Bootstrap => $"127.0.0.1:{Port}";

    public string Configuration => Path.Combine(Home, "server.properties");

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What the process printed so far, over all its lives.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Memory of the process that is in RAM, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Formats a new data directory and starts a broker on it; a property given later wins over one of the same name.</summary>
    public static Task<RunningBroker> StartAsync(params string[] properties) => StartAsync(new RunningBroker(properties));

    /// <summary>The same, with environment variables for the process.</summary>
    public static Task<RunningBroker> StartAsync(IEnumerable<KeyValuePair<string, string>> variables, params string[] properties)
    {
        RunningBroker broker = new(properties);
        foreach ((string name, string value) in variables)
        {
            broker.Variables[name] = value;
        }

        return StartAsync(broker);
    }

    /// <summary>The same with a limit of what the process may have open.</summary>
    public static Task<RunningBroker> StartAsync(int descriptorsMax, params string[] properties) => StartAsync(new RunningBroker(properties) { DescriptorsMax = descriptorsMax });

    /// <summary>The same with an Apache Kafka node in Tidemark's place.</summary>
    public static Task<RunningBroker> StartKafkaAsync(params string[] properties) => StartAsync(new RunningBroker(properties) { IsKafka = true });

    /// <summary>Starts the process on the data that is there, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        Launch();
        await Eventually.HoldsAsync("the broker answers", StartTimeMax, async () =>
        {
            Assert.True(IsRunning, $"the broker ended: {Output}");
            return await AnswersAsync();
        });
    }

    /// <summary>Starts the process and waits for nothing.</summary>
    public void Launch()
    {
        string[] arguments = IsKafka ? ["class", "kafka.Kafka", Configuration] : ["server", "--config", Configuration];
        // Whoever runs the tests in the background may have SIGINT ignored, and children inherit that.
        string[] limited = DescriptorsMax is { } max ? ["prlimit", $"--nofile={max}", Program] : [Program];
        ProcessStartInfo start = new("env", ["--default-signal=INT", .. limited, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in Variables)
        {
            start.Environment[name] = value;
        }

        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException("no process");
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>kill -9: the process gets no chance to write another byte.</summary>
    public void Kill()
    {
        _process!.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>Whether the broker answers an ApiVersions request of version 0, which every version of Kafka understands.</summary>
    public async Task<bool> AnswersAsync()
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(2));
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, Port, deadline.Token);
            byte[] request = new byte[14];
            BinaryPrimitives.WriteInt32BigEndian(request, 10);
            BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(4), 18);
            BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(12), -1);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync(request, deadline.Token);
            await stream.ReadExactlyAsync(request.AsMemory(0, 4), deadline.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process?.End();
        await HomeDirectory.RemoveAsync(Home);
    }

    private string Program => IsKafka ? KafkaLauncher.Path! : Executable;

    private static async Task<RunningBroker> StartAsync(RunningBroker broker)
    {
        string[] arguments = broker.IsKafka
            ? ["storage", "format", "-t", ClusterId, "-c", broker.Configuration]
            : ["format", "--cluster-id", ClusterId, "--config", broker.Configuration];
        try
        {
            (await ChildProcess.RunAsync(broker.Program, arguments)).Succeeded();
            await broker.StartAgainAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
