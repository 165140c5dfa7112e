using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Processes;

/// <summary>A node as a process: what stops it, with which exit code, and what it leaves behind.</summary>
public sealed class StartAndStopTests
{
    [Fact]
    public async Task Sigterm_stops_with_exit_code_0_within_five_seconds_and_leaves_the_sign_of_a_clean_stop()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        Assert.Equal(0, await broker.StopAsync(TimeSpan.FromSeconds(5)));
        Assert.True(File.Exists(Path.Combine(broker.Data, ".kafka_cleanshutdown")));
        Assert.False(await broker.AnswersAsync());
    }

    [Fact]
    public async Task A_second_process_on_the_same_directory_is_refused_in_one_line_and_the_first_goes_on()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        CommandResult second = await Tidemark("server", "--config", broker.Configuration, "--override", "listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0");
        Assert.Equal(1, second.ExitCode);
        Assert.Equal($"tidemark: the directory {broker.Data} is in use by another process\n", second.Error);
        Assert.True(await broker.AnswersAsync());
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_exit_code_1()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        using var files = new NodeFiles($"listeners=PLAINTEXT://127.0.0.1:{broker.Port},CONTROLLER://127.0.0.1:0");
        (await Tidemark("format", "--config", files.Configuration, "--cluster-id", NodeFiles.ClusterId)).Succeeded();
        CommandResult second = await Tidemark("server", "--config", files.Configuration);
        Assert.Equal(1, second.ExitCode);
        string line = Assert.Single(second.Error.TrimEnd().Split('\n'));
        Assert.Contains($"127.0.0.1:{broker.Port}", line);
        Assert.Contains("in use", line);
    }

    [Fact]
    public async Task A_directory_that_was_not_formatted_is_refused()
    {
        using var files = new NodeFiles();
        CommandResult result = await Tidemark("server", "--config", files.Configuration);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is not formatted", Assert.Single(result.Error.TrimEnd().Split('\n')));
    }

    [Theory]
    [InlineData("log.dirs")]
    [InlineData("metadata.log.dir")]
    public async Task A_directory_that_is_empty_beside_others_may_be_a_disk_that_is_not_mounted_and_is_left_alone(string key)
    {
        using var files = new NodeFiles();
        (await Tidemark("format", "--config", files.Configuration, "--cluster-id", NodeFiles.ClusterId)).Succeeded();
        string empty = Directory.CreateDirectory($"{files.Data}-more").FullName;
        string both = key == "log.dirs" ? $"{files.Data},{empty}" : empty;

        CommandResult result = await Tidemark("server", "--config", files.Configuration, "--override", $"{key}={both}");

        Assert.Equal(1, result.ExitCode);
        string line = Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains($"{empty} is not formatted", line);
        Assert.Contains("mount its disk", line);
        Assert.Contains($"--cluster-id {NodeFiles.ClusterId} --ignore-formatted", line);
        Assert.DoesNotContain("meta.properties", Directory.GetFiles(empty).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_directory_and_its_copy_are_not_served_together()
    {
        using var files = new NodeFiles();
        (await Tidemark("format", "--config", files.Configuration, "--cluster-id", NodeFiles.ClusterId)).Succeeded();
        string copy = Directory.CreateDirectory($"{files.Data}-copy").FullName;
        File.Copy(Path.Combine(files.Data, "meta.properties"), Path.Combine(copy, "meta.properties"));

        CommandResult result = await Tidemark("server", "--config", files.Configuration, "--override", $"log.dirs={files.Data},{copy}");

        Assert.Equal(1, result.ExitCode);
        string line = Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains($"{files.Data} and {copy} have the same directory.id", line);
    }

    [Theory]
    [InlineData("num.partitions=none", "num.partitions", "none")]
    [InlineData("process.roles=controller", "listeners", "controller.listener.names")]
    [InlineData("listeners=PLAINTEXT://127.0.0.1:0", "listeners", "controller")]
    [InlineData("listener.security.protocol.map=PLAINTEXT:SSL,CONTROLLER:PLAINTEXT", "listener.security.protocol.map", "PLAINTEXT")]
    public async Task A_bad_value_stops_the_start_with_key_value_and_what_is_allowed(string property, string key, string allowed)
    {
        using var files = new NodeFiles(property);
        CommandResult result = await Tidemark("server", "--config", files.Configuration);
        Assert.Equal(1, result.ExitCode);
        string line = Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains(key, line);
        Assert.Contains(property.Split('=')[1], line);
        Assert.Contains(allowed, line);
    }

    [Fact]
    public async Task An_unknown_key_is_a_warning_in_the_log()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync("log.dris=/nowhere");
        await Eventually.HoldsAsync("the warning is logged", TimeSpan.FromSeconds(10), () => broker.Output.Contains("log.dris"));
        Assert.Contains("warn", broker.Output.Split('\n').First(line => line.Contains("log.dris")));
    }

    [Fact]
    public async Task A_node_of_another_id_does_not_take_the_directory()
    {
        using var files = new NodeFiles();
        (await Tidemark("format", "--config", files.Configuration, "--cluster-id", NodeFiles.ClusterId)).Succeeded();
        CommandResult result = await Tidemark("server", "--config", files.Configuration, "--override", "node.id=7", "--override", "controller.quorum.voters=7@127.0.0.1:9093");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("belongs to node 1", result.Error);
    }

    private static Task<CommandResult> Tidemark(params string[] arguments) => ChildProcess.RunAsync(RunningBroker.Executable, arguments);
}
