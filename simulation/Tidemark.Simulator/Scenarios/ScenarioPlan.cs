namespace Tidemark.Simulator.Scenarios;

/// <summary>
/// What one seed sets out to do. Every seed draws which kinds of faults it has and how often (swarm testing), because faults of one kind
/// hide what those of another would find.
/// </summary>
public sealed record ScenarioPlan
{
    public required ulong Seed { get; init; }

    public required int Nodes { get; init; }

    public required int Topics { get; init; }

    public required int PartitionsOfTopic { get; init; }

    public required short Replicas { get; init; }

    public required int MinInsync { get; init; }

    public required int Producers { get; init; }

    public required int Consumers { get; init; }

    public required bool HasAdministrator { get; init; }

    public required IReadOnlyList<FaultKind> Faults { get; init; }

    /// <summary>The longest time between two faults.</summary>
    public required TimeSpan FaultEvery { get; init; }

    /// <summary>How many nodes may be down or paused at once.</summary>
    public required int DownMax { get; init; }

    /// <summary>How long faults go on.</summary>
    public required TimeSpan Storm { get; init; }

    /// <summary>Out-of-sync replicas may lead, or all may lose power with what they had not flushed: what was acknowledged may be lost, as in Kafka.</summary>
    public required bool MayLose { get; init; }

    /// <summary>Every append is flushed before it counts, so that a loss of power takes nothing that was acknowledged.</summary>
    public required bool Flushes { get; init; }

    /// <summary>Properties of all nodes.</summary>
    public required IReadOnlyList<(string Key, string Value)> Settings { get; init; }

    public static ScenarioPlan Draw(ulong seed)
    {
        // Not the stream that the cluster draws from.
        var random = new SeededRandom(seed ^ 0x5CE7_A210_0DD5_EED5);
        FaultKind[] kinds = [.. Enum.GetValues<FaultKind>().Where(_ => random.Chance(0.4))];
        int nodes = random.Chance(0.75) ? 3 : 5;
        bool losesPower = kinds.Contains(FaultKind.PowerLoss);
        bool mayLose = random.Chance(0.15);
        bool flushes = losesPower && !mayLose && random.Chance(0.4);
        int sessionMs = 2000 + random.Next(4000);
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
            HasAdministrator = random.Chance(0.6),
            Faults = kinds,
            FaultEvery = TimeSpan.FromMilliseconds(500 + random.Next(4000)),
            DownMax = random.Chance(0.7) ? (nodes - 1) / 2 : nodes,
            Storm = TimeSpan.FromSeconds(random.Between(8, 25)),
            MayLose = mayLose,
            Flushes = flushes,
            Settings =
            [
                ("broker.session.timeout.ms", $"{sessionMs}"),
                ("broker.heartbeat.interval.ms", $"{sessionMs / 4}"),
                ("replica.lag.time.max.ms", $"{1500 + random.Next(6000)}"),
                ("num.replica.fetchers", $"{random.Between(1, 2)}"),
                ("tidemark.broker.crash.detection.enable", random.Chance(0.7) ? "true" : "false"),
                ("unclean.leader.election.enable", mayLose && random.Chance(0.5) ? "true" : "false"),
                ("log.flush.interval.messages", flushes ? "1" : "9223372036854775807"),
                ("auto.leader.rebalance.enable", "true"),
                ("leader.imbalance.check.interval.seconds", $"{random.Between(2, 20)}"),
            ],
        };
    }

    public override string ToString() =>
        $"{Nodes} nodes, {Topics} x {PartitionsOfTopic} partitions, replication {Replicas}, min in sync {MinInsync}, {Producers} producers, {Consumers} consumers{(HasAdministrator ? ", an administrator" : "")}, "
        + $"faults [{string.Join(' ', Faults)}] every {FaultEvery.TotalSeconds:0.0} s for {Storm.TotalSeconds:0} s, at most {DownMax} down{(MayLose ? ", may lose" : "")}; "
        + string.Join(' ', Settings.Select(each => $"{each.Key}={each.Value}"));
}
