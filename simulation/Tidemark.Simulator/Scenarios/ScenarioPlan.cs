namespace Tidemark.Simulator.Scenarios;

/// <summary>
/// What one seed sets out to do. Every seed draws which kinds of faults it has and how often (swarm testing), because faults of one kind
/// hide what those of another would find.
/// </summary>
public sealed record ScenarioPlan
{
    /// <summary>How long a member of a consumer group may be silent.</summary>
    public const int GroupSessionMs = 3000;

    public required ulong Seed { get; init; }

    public required int Nodes { get; init; }

    public required int Topics { get; init; }

    public required int PartitionsOfTopic { get; init; }

    public required short Replicas { get; init; }

    public required int MinInsync { get; init; }

    public required int Producers { get; init; }

    public required int Consumers { get; init; }

    /// <summary>Members of groups that copy the source in transactions; none but in profiles copy and late, so that the other profiles' seeds stay what they are.</summary>
    public required int Copiers { get; init; }

    /// <summary>Producers with several batches in flight; none but in profile flight.</summary>
    public required int Flights { get; init; }

    /// <summary>Copiers wait for no answer to a write for long: they abort, while it may be under way still.</summary>
    public required bool HasHastyCopiers { get; init; }

    public required bool HasAdministrator { get; init; }

    public required IReadOnlyList<FaultKind> Faults { get; init; }

    /// <summary>The longest time between two faults.</summary>
    public required TimeSpan FaultEvery { get; init; }

    /// <summary>How many nodes may be down or paused at once.</summary>
    public required int DownMax { get; init; }

    /// <summary>How long faults go on.</summary>
    public required TimeSpan Storm { get; init; }

    /// <summary>Out-of-sync replicas may lead: what was acknowledged may be lost, as in Kafka.</summary>
    public required bool MayLose { get; init; }

    /// <summary>
    /// Everything is flushed before it is acknowledged, so that no loss of power loses any of it. Otherwise a partition may lose records
    /// when all its in-sync replicas lose power, as in Kafka.
    /// </summary>
    public required bool Flushes { get; init; }

    /// <summary>How many log directories each node has.</summary>
    public required int LogDirectories { get; init; }

    /// <summary>Whether the quorum's voters stand in the metadata log and change.</summary>
    public required bool HasDynamicVoters { get; init; }

    /// <summary>How many racks the nodes stand in; 0 for none. With racks, consumers are sent to the nearest replica.</summary>
    public required int Racks { get; init; }

    /// <summary>Properties of all nodes.</summary>
    public required IReadOnlyList<(string Key, string Value)> Settings { get; init; }

    /// <summary>What the seed sets out to do with the faults of a profile.</summary>
    public static ScenarioPlan Draw(ulong seed, string profile = ScenarioProfiles.Swarm)
    {
        // Not the stream that the cluster draws from.
        var random = new SeededRandom(seed ^ 0x5CE7_A210_0DD5_EED5);
        bool copies = ScenarioProfiles.HasCopies(profile);
        double share = profile is ScenarioProfiles.Swarm or ScenarioProfiles.Copy or ScenarioProfiles.Flight ? 0.3 : 0.7;
        FaultKind[] kinds = [.. ScenarioProfiles.KindsOf(profile).Where(_ => random.Chance(share))];
        int nodes = random.Chance(0.75) ? 3 : 5;
        bool losesPower = kinds.Any(kind => kind is FaultKind.PowerLoss or FaultKind.Blackout or FaultKind.DamagedTail or FaultKind.EarlierLife);
        bool mayLose = random.Chance(0.1) && !copies;
        bool hasSnapshots = random.Chance(0.35);
        int sessionMs = 1500 + random.Next(3000);
        int racks = random.Chance(0.4) ? random.Between(2, 3) : 0;
        bool flushes = losesPower && !mayLose && random.Chance(0.5);
        return new ScenarioPlan
        {
            Seed = seed,
            Nodes = nodes,
            Topics = random.Between(1, 3),
            PartitionsOfTopic = random.Between(1, 4),
            Replicas = (short)(random.Chance(0.85) ? 3 : 2),
            MinInsync = random.Chance(0.8) ? 2 : 1,
            Producers = random.Between(2, 4),
            Consumers = random.Between(1, 2),
            Copiers = copies ? random.Between(2, 5) : 0,
            HasHastyCopiers = profile == ScenarioProfiles.Late,
            Flights = profile == ScenarioProfiles.Flight ? random.Between(2, 4) : 0,
            HasAdministrator = random.Chance(0.6),
            Faults = kinds,
            FaultEvery = TimeSpan.FromMilliseconds(300 + random.Next(1500)),
            DownMax = random.Chance(0.7) ? (nodes - 1) / 2 : nodes,
            Storm = TimeSpan.FromSeconds(random.Between(4, 10)),
            MayLose = mayLose,
            Flushes = flushes,
            LogDirectories = random.Chance(0.4) || kinds.Contains(FaultKind.FailingDisk) ? 2 : 1,
            HasDynamicVoters = kinds.Contains(FaultKind.VoterChange),
            Racks = racks,
            Settings =
            [
                ("broker.session.timeout.ms", $"{sessionMs}"),
                ("broker.heartbeat.interval.ms", $"{sessionMs / 4}"),
                ("replica.lag.time.max.ms", $"{1000 + random.Next(4000)}"),
                ("num.replica.fetchers", $"{random.Between(1, 2)}"),
                ("tidemark.broker.crash.detection.enable", random.Chance(0.7) ? "true" : "false"),
                ("unclean.leader.election.enable", mayLose && random.Chance(0.5) ? "true" : "false"),
                ("log.flush.interval.messages", flushes ? "1" : "9223372036854775807"),
                ("auto.leader.rebalance.enable", "true"),
                ("leader.imbalance.check.interval.seconds", $"{random.Between(2, 10)}"),
                ("log.segment.delete.delay.ms", $"{random.Between(100, 5000)}"),
                .. copies ? SettingsOfCopies(random) : [],
                .. racks > 0 ? [("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector")] : Array.Empty<(string, string)>(),
                .. hasSnapshots
                    ?
                    [
                        ("metadata.log.max.record.bytes.between.snapshots", $"{random.Between(500, 4000)}"),
                        ("metadata.max.retention.bytes", $"{random.Between(2000, 8000)}"),
                        ("internal.metadata.log.segment.bytes", $"{random.Between(1000, 4000) * (copies ? 8 : 1)}"),
                    ]
                    : Array.Empty<(string, string)>(),
            ],
        };
    }

    /// <summary>Sessions, timeouts and topics of coordinators of a size that fits the length of a run. What is compacted cannot be compared between replicas.</summary>
    private static (string Key, string Value)[] SettingsOfCopies(SeededRandom random) =>
    [
        ("offsets.topic.num.partitions", "2"),
        ("offsets.topic.replication.factor", "3"),
        ("transaction.state.log.num.partitions", "2"),
        ("transaction.state.log.replication.factor", "3"),
        ("transaction.state.log.min.isr", "2"),
        ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
        ("group.min.session.timeout.ms", "1000"),
        ("group.initial.rebalance.delay.ms", $"{random.Between(0, 300)}"),
        ("group.consumer.min.session.timeout.ms", "1000"),
        ("group.consumer.session.timeout.ms", $"{GroupSessionMs}"),
        ("group.consumer.min.heartbeat.interval.ms", "100"),
        ("group.consumer.heartbeat.interval.ms", "300"),
        ("log.cleaner.enable", "false"),
    ];

    public override string ToString() =>
        $"{Nodes} nodes, {Topics} x {PartitionsOfTopic} partitions, replication {Replicas}, min in sync {MinInsync}, {Producers} producers, {Consumers} consumers{(Copiers > 0 ? $", {Copiers} {(HasHastyCopiers ? "hasty " : "")}copiers" : "")}{(Flights > 0 ? $", {Flights} producers with flights" : "")}{(HasAdministrator ? ", an administrator" : "")}, "
        + $"faults [{string.Join(' ', Faults)}] every {FaultEvery.TotalSeconds:0.0} s for {Storm.TotalSeconds:0} s, at most {DownMax} down{(MayLose ? ", may lose" : "")}{(HasDynamicVoters ? ", changing voters" : "")}"
        + $"{(LogDirectories > 1 ? $", {LogDirectories} log directories" : "")}{(Racks > 0 ? $", {Racks} racks" : "")}; "
        + string.Join(' ', Settings.Select(each => $"{each.Key}={each.Value}"));
}
