using System.Diagnostics;
using System.Globalization;
using Tidemark.Chaos.Checking;
using Tidemark.Chaos.Clients;
using Tidemark.Chaos.Faults;
using Tidemark.Chaos.Nodes;
using Tidemark.Client;
using Tidemark.Simulator;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos;

/// <summary>One run: a cluster under load, round after round of faults, and in the end the judgement.</summary>
public sealed class ChaosRun : IDisposable
{
    private const int Writers = 4;
    private const int Readers = 3;
    private const string RecoversRule = "18 a cluster that is whole recovers";
    private static readonly TimeSpan RecoveryTimeMax = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan LookPace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookTimeMax = TimeSpan.FromSeconds(5);
    private readonly ChaosOptions _options;
    private readonly Action<string> _print;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly SharedHistory _history = new();
    private readonly SeededRandom _random;
    private readonly ChaosCluster _cluster;
    private readonly Administration _administration;
    private readonly List<LoadedTopic> _topics = [];
    private readonly SortedDictionary<FaultKind, int> _faults = [];
    private int _rounds;
    private LibrdkafkaLog? _clientLog;
    private LibrdkafkaLoad? _load;

    private ChaosRun(ChaosOptions options, Action<string> print, ChaosCluster cluster)
    {
        (_options, _print, _cluster) = (options, print, cluster);
        _random = new SeededRandom(options.Seed);
        _administration = new Administration(cluster.Addresses);
    }

    /// <summary>True when every promise was kept. What happens is printed line by line.</summary>
    /// <param name="stop">Ends the rounds early; everything is checked all the same.</param>
    public static async Task<bool> RunAsync(ChaosOptions options, Action<string> print, CancellationToken stop = default)
    {
        print($"seed {options.Seed}");
        await using ChaosCluster cluster = await ChaosCluster.StartAsync(options, print);
        print($"{ChaosCluster.Size} nodes over {cluster.Network.Kind} in {cluster.Home}");
        using var run = new ChaosRun(options, print, cluster);
        string? broken;
        try
        {
            broken = await run.RunAsync(stop);
        }
        catch (Exception error) when (error is BrokenRuleException or TimeoutException or ClientException)
        {
            broken = error.Message;
        }

        if (broken is null)
        {
            await cluster.DisposeAsync();
            cluster.Delete();
            return true;
        }

        run.Say($"BROKEN: {broken}");
        await cluster.KeepAsync();
        print($"again: ./chaos --seed {options.Seed} --rounds {run._rounds}; the nodes' directories are kept in {cluster.Home}");
        return false;
    }

    public void Dispose() => _history.Dispose();

    /// <summary>Null, or what was broken.</summary>
    private async Task<string?> RunAsync(CancellationToken stop)
    {
        // Nothing was done to the nodes yet, and no promise says how long a start takes on a machine that has other things to do.
        var start = new StartPatience(RecoveryTimeMax, StartTimeMax);
        await UntilAsync(_administration.WhatIsMissingAsync, RecoversRule, "the first start", start);
        _topics.Add(await _administration.CreateAsync("load", 6, ChaosCluster.Size));
        _topics.Add(await _administration.CreateAsync("history", 3, ChaosCluster.Size));
        await UntilAsync(_administration.WhatIsMissingAsync, RecoversRule, "the topics", start);

        using var clientsStop = new CancellationTokenSource();
        List<HistoryClient> clients = [.. Enumerable.Range(1, Writers).Select(Writer), .. Enumerable.Range(1, Readers).Select(Reader)];
        var running = clients.Select(client => Task.Run(() => client.RunAsync(clientsStop.Token))).ToList();
        if (Librdkafka.Absence is { } absence)
        {
            Say($"no load from librdkafka: {absence}");
        }
        else
        {
            Say($"load from librdkafka {Confluent.Kafka.Library.VersionString}");
            _clientLog = new LibrdkafkaLog(Path.Combine(_cluster.Home, "librdkafka.log"), _watch);
            _load = new LibrdkafkaLoad(_cluster.Bootstrap, _topics[0], _history, _clientLog, _options.Pace);
            running.Add(Task.Run(() => _load.RunAsync(clientsStop.Token)));
        }

        try
        {
            await RoundsAsync(stop);
            await RecoverAsync("the last round");
            await clientsStop.CancelAsync();
            await Task.WhenAny(Task.WhenAll(running), _history.Broken);
            _load?.Finish(RecoveryTimeMax);
            ThrowIfBroken();
            await Task.WhenAll(running);
            return await JudgeAsync();
        }
        finally
        {
            await clientsStop.CancelAsync();
            foreach (HistoryClient client in clients)
            {
                await client.DisposeAsync();
            }

            _load?.Dispose();
            _clientLog?.Dispose();
        }
    }

    private async Task RoundsAsync(CancellationToken stop)
    {
        var injector = new FaultInjector(_cluster.Nodes, _cluster.Network, _topics, Say);
        IReadOnlyList<FaultKind> kinds = _options.Faults.Count > 0 ? [.. injector.Possible.Intersect(_options.Faults)] : injector.Possible;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop, _history.WhenBroken);
        await using CancellationTokenRegistration tell = _history.WhenBroken.Register(() => Say("a promise is broken"));
        while (_rounds < _options.Rounds && !(_watch.Elapsed >= _options.Limit) && !stop.IsCancellationRequested)
        {
            Fault fault = Fault.Draw(_random, kinds, ChaosCluster.Size, _options.FaultTimeMax);
            _rounds++;
            if (FaultInjector.NeedsAllInSync(fault.Kind))
            {
                await RecoverAsync("the rounds before");
            }

            _load?.TakeLongestGap();
            Say($"round {_rounds}: {fault}");
            _faults[fault.Kind] = _faults.GetValueOrDefault(fault.Kind) + 1;
            await injector.RunAsync(fault, ends.Token);
            ThrowIfBroken();
            if (fault.Waits || FaultInjector.NeedsAllInSync(fault.Kind))
            {
                TimeSpan took = await RecoverAsync(fault.ToString());
                Say(string.Create(CultureInfo.InvariantCulture, $"  all in sync {took.TotalSeconds:0.0} s later{(_load is null ? "" : $"; the longest wait for an acknowledgement was {_load.TakeLongestGap().TotalSeconds:0.0} s")}"));
            }
        }
    }

    /// <summary>Waits until every node says that all is well; how long that took, to a look.</summary>
    private Task<TimeSpan> RecoverAsync(string after) => UntilAsync(_administration.WhatIsMissingAsync, RecoversRule, after);

    /// <param name="patience">Says when the wait is over; without one it is over after a time that does not depend on what the machine does.</param>
    private async Task<TimeSpan> UntilAsync(Func<IReadOnlyList<LoadedTopic>, Task<string?>> look, string rule, string after, StartPatience? patience = null)
    {
        TimeSpan took = TimeSpan.Zero;
        long last = Stopwatch.GetTimestamp();
        while (await look(_topics) is { } missing)
        {
            ThrowIfBroken();

            // Where all processes stood still together, this one with them, the nodes had no time to recover.
            TimeSpan since = Stopwatch.GetElapsedTime(last);
            since = since < LookTimeMax ? since : LookTimeMax;
            took += since;
            last = Stopwatch.GetTimestamp();
            if (patience?.IsOver(since, missing, ProcessorTime()) ?? took > RecoveryTimeMax)
            {
                throw new BrokenRuleException(rule, $"not within {took.TotalSeconds:0} s after {after}: {missing}");
            }

            await Task.Delay(LookPace);
        }

        ThrowIfBroken();
        return took;
    }

    private TimeSpan ProcessorTime() => _cluster.Nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + node.ProcessorTime);

    private async Task<string?> JudgeAsync()
    {
        await UntilAsync(_administration.WhatIsUncommittedAsync, "18 all that was written gets committed", "the last write");
        foreach (ChaosNode node in _cluster.Nodes)
        {
            await node.StopAsync();
        }

        long records = ReplicaComparison.Compare(_cluster.Nodes, _topics, _history);
        ThrowIfBroken();
        if (_clientLog is { NewEpochs: > 0 } log)
        {
            Say($"librdkafka began a new producer epoch {log.NewEpochs} times");
        }

        Say($"{_rounds} rounds: {string.Join(", ", _faults.Select(fault => $"{fault.Key} {fault.Value}"))}");
        Say($"{records} records on {ChaosCluster.Size} nodes, the same on all; {_history.Acknowledgements} acknowledgements, 0 lost, 0 twice; {_history.Reads} reads, none older than what was known; nothing broken");
        return null;
    }

    private void ThrowIfBroken()
    {
        if (_history.Broken.IsCompleted)
        {
            throw _history.Broken.Result;
        }

        if (_cluster.Nodes.Select(node => node.UnexpectedEnd).FirstOrDefault(end => end is not null) is { } ended)
        {
            throw new BrokenRuleException("18 a node runs until it is stopped", ended);
        }
    }

    private HistoryWriter Writer(int number) =>
        new($"w{number}", _topics[1], _history, _random.Fork(), _cluster.Addresses, acks: number == Writers ? (short)1 : (short)-1);

    private HistoryReader Reader(int number) => new($"r{number}", _topics[1], _history, _random.Fork(), _cluster.Addresses);

    private void Say(string what) => _print(string.Create(CultureInfo.InvariantCulture, $"{_watch.Elapsed.TotalSeconds,7:0.0} s  {what}"));
}
