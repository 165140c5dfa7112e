using Microsoft.Extensions.Logging;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clients;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Scenarios;

/// <summary>
/// One run out of one seed: a cluster starts, clients work while things break, everything is healed, and then all must be well within a
/// bound. The checks look on all the while.
/// </summary>
public sealed class Scenario
{
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_startWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_calm = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_wellWithin = TimeSpan.FromSeconds(120);

    private readonly ScenarioPlan _plan;
    private readonly SimulatedCluster _cluster;
    private readonly ScenarioTrace _trace;
    private readonly FaultInjector _faults;
    private readonly History _history;
    private readonly MetadataChecks _metadata;
    private readonly ReplicaChecks _replicas;
    private readonly LivenessCheck _liveness;
    private readonly GroupHistory _groups;
    private readonly CopyCheck _copies;
    private readonly Func<bool> _lostCopies;
    private readonly List<ScenarioClient> _clients = [];
    private BrokenRuleException? _broken;

    private Scenario(ScenarioPlan plan, Action<string>? sink, Func<VirtualTime, int, ILoggerFactory>? logs)
    {
        _plan = plan;
        SimulatedCluster cluster = null!;
        cluster = new SimulatedCluster(plan.Seed, plan.Nodes, [.. plan.Settings])
        {
            Logs = id => new NodeEvents(_trace!, logs?.Invoke(cluster.Time, id)),
            LogDirectories = plan.LogDirectories,
            HasDynamicVoters = plan.HasDynamicVoters,
            SettingsOf = id => plan.Racks > 0 ? [("broker.rack", $"rack{id % plan.Racks}")] : [],
        };
        _cluster = cluster;
        _trace = new ScenarioTrace(_cluster.Time) { Sink = sink };
        _cluster.Network.Observer = _trace.OnNetwork;
        var losses = new PermittedLosses(_cluster, plan.MayLose, plan.Flushes);
        _history = new History(losses);
        _replicas = new ReplicaChecks(_cluster, _history, losses);
        Action<MetadataImage, MetadataImage> onChange = losses.OnChange;
        _metadata = new MetadataChecks(_cluster, plan.MayLose, onChange + new Coverage(_trace).Look + _replicas.OnChange);
        losses.CatchUp = _metadata.LookQuickly;
        _faults = new FaultInjector(_cluster, plan, _trace, _metadata);
        _lostCopies = () => _metadata.Newest.Topics.InOrder().Where(topic => CopyTopics.IsKept(topic.Name)).Any(topic =>
            topic.Partitions.Any(partition => losses.MayLoseByNow(new PartitionId(topic.Name, topic.Id, partition.Id))));
        _groups = new GroupHistory(() => _cluster.Time.Elapsed, TimeSpan.FromMilliseconds(ScenarioPlan.GroupSessionMs), _lostCopies);
        _copies = new CopyCheck(_lostCopies);
        _liveness = new LivenessCheck(_cluster, _metadata, _lostCopies);
    }

    /// <summary>Runs a seed to its end or to the first rule that it breaks.</summary>
    /// <param name="sink">Told of every event in words.</param>
    /// <param name="logs">Where the nodes log to.</param>
    public static ScenarioResult Run(ScenarioPlan plan, Action<string>? sink = null, Func<VirtualTime, int, ILoggerFactory>? logs = null)
    {
        var scenario = new Scenario(plan, sink, logs);
        string? violation = null;
        try
        {
            scenario.Run();
        }
        catch (BrokenRuleException broken)
        {
            violation = broken.Message;
        }
        catch (InvariantViolationException broken)
        {
            violation = $"the code's own invariant: {broken}";
        }
        catch (Exception error)
        {
            violation = $"nothing throws: {error}";
        }

        scenario.CountAll();
        return new ScenarioResult(plan, violation, scenario._trace.Hash, scenario._cluster.Time.Elapsed, scenario._trace.Counts, scenario._trace.Last);
    }

    private void Run()
    {
        _trace.Tell($"seed {_plan.Seed}: {_plan}");
        _cluster.StartAll();
        LookAgain();
        Await(() => _cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully), s_startWithin, "18 a cluster starts", () => "not all nodes have started");
        if (_plan.HasDynamicVoters)
        {
            AddVoters();
        }

        AddClients();
        CreateTopics();
        foreach (ScenarioClient client in _clients.Where(client => client is not VoterClient))
        {
            client.Start();
        }

        _faults.Start();
        Pass(_plan.Storm);
        _faults.Heal();
        Pass(s_calm);
        foreach (ScenarioClient client in _clients)
        {
            client.IsStopping = true;
        }

        Await(() => _clients.All(client => client.Running.IsCompleted), s_wellWithin, "18 every write is resolved", () => "a client still waits");
        Await(_liveness.IsAllWell, s_wellWithin, "18 all is well after healing", _liveness.WhatIsWrong);
        _trace.Tell("all is well");
        _metadata.Look();
        _replicas.LookAtTheEnd(_metadata.Committed);
        _metadata.LookAtTheEnd();
        if (_plan.Copiers > 0)
        {
            CompareCopies();
        }

        _trace.Tell($"the disks are {string.Join(' ', _cluster.Nodes.Select(node => node.Disk.Digest()))}");
    }

    private void AddClients()
    {
        for (int i = 0; i < _plan.Producers; i++)
        {
            bool isIdempotent = _cluster.Random.Chance(0.5);
            short acks = isIdempotent || _cluster.Random.Chance(0.7) ? (short)-1 : (short)_cluster.Random.Between(0, 1);
            _clients.Add(new ProducerClient(_cluster, _trace, _history, $"producer{i + 1}", acks, isIdempotent));
        }

        for (int i = 0; i < _plan.Consumers; i++)
        {
            _clients.Add(new ConsumerClient(_cluster, _trace, _history, $"consumer{i + 1}", _plan.Racks > 0 && _cluster.Random.Chance(0.7) ? $"rack{_cluster.Random.Next(_plan.Racks)}" : null));
        }

        for (int i = 0; i < _plan.Copiers; i++)
        {
            // In the first version of transactions several have one epoch, and nothing tells a marker that comes late from the next one's (KIP-890).
            bool isOld = _cluster.Random.Chance(0.4) && !_plan.Faults.Contains(FaultKind.AbandonedFrames);
            _clients.Add(new CopierClient(_cluster, _trace, _history, _groups, $"copier{i + 1}", isClassic: i % 2 == 0, isOld, _plan.HasHastyCopiers));
        }

        if (_plan.Copiers > 0)
        {
            _clients.Add(new CommittedReaderClient(_cluster, _trace, _history, _copies, "reader"));
        }

        for (int i = 0; i < _plan.Flights; i++)
        {
            _clients.Add(new FlightProducerClient(_cluster, _trace, _history, $"flight{i + 1}"));
        }

        if (_plan.HasAdministrator)
        {
            _clients.Add(new AdministratorClient(_cluster, _trace, _history, _plan));
        }
    }

    /// <summary>The quorum's administrator begins at once: with one voter only there would be little to break.</summary>
    private void AddVoters()
    {
        var client = new VoterClient(_cluster, _trace, _history);
        _clients.Add(client);
        client.Start();
        Await(() => client.HasAddedAll, s_startWithin, "18 voters can be added", () => "not all nodes have become voters");
    }

    private void CreateTopics()
    {
        var founder = new FoundingClient(_cluster, _trace, _history, _plan);
        founder.Start();
        Await(() => founder.Running.IsCompleted, s_startWithin, "18 topics can be created", () => "no answer");
        founder.Running.GetAwaiter().GetResult();
    }

    private void CompareCopies()
    {
        var auditor = new OffsetAuditClient(_cluster, _trace, _history, _groups, !_lostCopies());
        auditor.Start();
        Await(() => auditor.Running.IsCompleted, s_wellWithin, "18 committed offsets can be fetched", () => "no answer");
        auditor.Running.GetAwaiter().GetResult();
        var audit = new CopyAudit(_cluster, _metadata.Newest, _copies, new MarkerCheck(_lostCopies));
        LookAt(audit.CompareMarkers);
        LookAt(() => audit.Compare(auditor.Committed));
    }

    private void Pass(TimeSpan span)
    {
        TimeSpan end = _cluster.Time.Elapsed + span;
        bool done = false;
        _cluster.Time.Post(span, () => done = true);
        _cluster.RunUntil(() => done || IsBroken(), span + TimeSpan.FromSeconds(1));
        ThrowIfBroken();
        Invariant.Require(_cluster.Time.Elapsed >= end);
    }

    private void Await(Func<bool> condition, TimeSpan limit, string rule, Func<string> what)
    {
        bool holds = false;
        TimeSpan end = _cluster.Time.Elapsed + limit;
        while (!holds && _cluster.Time.Elapsed < end)
        {
            Pass(TimeSpan.FromMilliseconds(50));
            holds = condition();
        }

        if (!holds)
        {
            throw new BrokenRuleException(rule, what());
        }
    }

    /// <summary>Asked after every event.</summary>
    private bool IsBroken()
    {
        _metadata.LookQuickly();
        if (_replicas.HasChanges)
        {
            LookAt(() => _replicas.LookAtChanged(_metadata.Committed));
        }

        return _broken is not null;
    }

    private void LookAgain() => _cluster.Time.Post(s_lookEvery, () =>
    {
        try
        {
            Look();
        }
        catch (BrokenRuleException broken)
        {
            _broken = broken;
            return;
        }

        LookAgain();
    });

    private void Look()
    {
        foreach (SimulatedNode node in _cluster.Nodes.Where(node => node.IsRunning))
        {
            string? why = node.Process!.Failures is [var failure, ..] ? $"{failure.Name}: {failure.Error}" : node.Failure;
            if (why is not null)
            {
                if (!node.HasBadDisk)
                {
                    throw new BrokenRuleException("a node goes on", $"node {node.Id}, {why}");
                }

                _faults.EndedByDisk(node, why);
            }
        }

        LookAt(() =>
        {
            _metadata.Look();
            _replicas.Look(_metadata.Committed);
        });
    }

    /// <summary>Whoever looks at the disks is not hindered by their faults.</summary>
    private void LookAt(Action look)
    {
        SetLookedAt(true);
        look();
        SetLookedAt(false);
    }

    private void SetLookedAt(bool isLookedAt)
    {
        foreach (SimulatedNode node in _cluster.Nodes)
        {
            node.Disk.IsLookedAt = isLookedAt;
        }
    }

    private void ThrowIfBroken()
    {
        if (_broken is not null)
        {
            throw _broken;
        }

        foreach (ScenarioClient client in _clients)
        {
            if (client.Running.IsFaulted)
            {
                client.Running.GetAwaiter().GetResult();
            }

            if (client.Process.Failures is [var failure, ..])
            {
                throw new BrokenRuleException("a client works without fault", $"{client.Name}, {failure.Name}: {failure.Error}");
            }
        }
    }

    private void CountAll()
    {
        for (int i = 0; i < _metadata.Elections; i++)
        {
            _trace.Count("controllers elected");
        }

        for (int i = 0; i < _replicas.Leaderships; i++)
        {
            _trace.Count("partition leaderships");
        }

        for (int i = 0; i < _replicas.Truncations; i++)
        {
            _trace.Count("truncations");
        }

        for (int i = 0; i < _metadata.PartitionChanges; i++)
        {
            _trace.Count("partition changes");
        }
    }
}
