using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Tidemark.Protocol.Messages;
using Tidemark.System.Tests.BadInput;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Running;

/// <summary>One node of <see cref="RunningNodes"/>: a property file, a data directory and, while it runs, a process.</summary>
public sealed class RunningNode : IAsyncDisposable
{
    private const short MetadataVersion = 9;

    /// <summary>Apache Kafka needs long to start where several of them share two cores.</summary>
    private static readonly TimeSpan s_startTimeMax = TimeSpan.FromSeconds(240);
    private readonly string _home;
    private readonly int _port;
    private readonly int _controllerPort;
    private readonly StringBuilder _output = new();
    private Process? _process;

    internal RunningNode(string home, int id, NodeKind kind, int port, int controllerPort) =>
        (_home, Id, Kind, _port, _controllerPort) = (home, id, kind, port, controllerPort);

    public int Id { get; }

    /// <summary>What it is; whose program runs it may change between two lives.</summary>
    public NodeKind Kind { get; set; }

    public string Bootstrap => $"127.0.0.1:{_port}";

    public string ControllerAddress => $"127.0.0.1:{_controllerPort}";

    public string Data => Path.Combine(_home, $"data{Id}");

    public string Configuration => Path.Combine(_home, $"node{Id}.properties");

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What its processes printed so far.</summary>
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

    /// <summary>Formats the data directory with the tool of whose node it is.</summary>
    public async Task FormatAsync(params string[] options) => (await ChildProcess.RunAsync(
        Program,
        Kind.IsKafka
            ? ["storage", "format", "--cluster-id", RunningNodes.ClusterId, "--config", Configuration, .. options]
            : ["format", "--cluster-id", RunningNodes.ClusterId, "--config", Configuration, .. options])).Succeeded();

    /// <summary>Starts the process and waits until it answers.</summary>
    public Task StartAsync()
    {
        Launch();
        return ReadyAsync();
    }

    /// <summary>Starts the process and waits for nothing.</summary>
    public void Launch()
    {
        string[] arguments = Kind.IsKafka ? ["class", "kafka.Kafka", Configuration] : ["server", "--config", Configuration];
        ProcessStartInfo start = new("env", ["--default-signal=INT", Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KAFKA_HEAP"] = "400m";
        start.Environment["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1";
        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException("no process");
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Waits until the node answers on its first port.</summary>
    public Task ReadyAsync() => Eventually.HoldsAsync($"node {Id} answers", s_startTimeMax, async () =>
    {
        Assert.True(IsRunning, $"node {Id} ended: {Output}");
        return await AnswersAsync(Kind.IsBroker ? _port : _controllerPort);
    });

    /// <summary>Waits until a broker tells its clients of so many brokers, itself among them.</summary>
    public Task KnowsBrokersAsync(int count) => Eventually.HoldsAsync($"node {Id} knows of {count} brokers", s_startTimeMax, async () =>
    {
        Assert.True(IsRunning, $"node {Id} ended: {Output}");
        using RawConnection connection = await RawConnection.OpenAsync(_port);
        MetadataResponse? known = await connection.TryAskAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, MetadataVersion);
        return known?.Brokers.Count == count;
    });

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process!.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>SIGTERM; completes when the process has ended.</summary>
    public async Task StopAsync()
    {
        // Apache Kafka's launcher is a script; the node is its child.
        string children = Kind.IsKafka ? await File.ReadAllTextAsync($"/proc/{_process!.Id}/task/{_process.Id}/children") : "";
        string? child = children.Split(' ').FirstOrDefault(id => id.Length > 0);
        RunningCluster.Signal(child is null ? _process!.Id : int.Parse(child), RunningCluster.SignalTerminate);
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(90));
        await _process!.WaitForExitAsync(deadline.Token);
    }

    public ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            Kill();
        }

        _process?.Dispose();
        return ValueTask.CompletedTask;
    }

    internal void Configure(IEnumerable<string> properties)
    {
        List<string> listeners = [];
        List<string> roles = [];
        if (Kind.IsBroker)
        {
            roles.Add("broker");
            listeners.Add($"PLAINTEXT://{Bootstrap}");
        }

        if (Kind.IsController)
        {
            roles.Add("controller");
            listeners.Add($"CONTROLLER://{ControllerAddress}");
        }

        File.WriteAllLines(Configuration,
        [
            $"process.roles={string.Join(',', roles)}", $"node.id={Id}", $"listeners={string.Join(',', listeners)}", $"log.dirs={Data}", .. properties,
        ]);
    }

    private string Program => Kind.IsKafka ? KafkaLauncher.Path! : RunningBroker.Executable;

    private static async Task<bool> AnswersAsync(int port)
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(2));
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(global::System.Net.IPAddress.Loopback, port, deadline.Token);
            NetworkStream stream = client.GetStream();

            // ApiVersions in version 0, with no client's name.
            byte[] request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255];
            await stream.WriteAsync(request, deadline.Token);
            await stream.ReadExactlyAsync(request.AsMemory(0, 4), deadline.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return false;
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
