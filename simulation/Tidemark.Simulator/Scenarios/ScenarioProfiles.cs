namespace Tidemark.Simulator.Scenarios;

/// <summary>Which faults a scenario draws from, by the names that the command line knows.</summary>
public static class ScenarioProfiles
{
    /// <summary>Everything, under groups that copy in transactions.</summary>
    public const string Copy = "copy";

    /// <summary>Everything, under producers that have several batches in flight.</summary>
    public const string Flight = "flight";

    /// <summary>What comes late, under groups that copy in transactions and give up early.</summary>
    public const string Late = "late";

    /// <summary>Every seed mixes some kinds out of all.</summary>
    public const string Swarm = "swarm";

    /// <summary>A kind that came later has its own profile: one more would be another plan for every seed that anybody has written down.</summary>
    private static readonly FaultKind[] s_mixed = [.. Enum.GetValues<FaultKind>().Where(kind => kind is not (FaultKind.NarrowWay or FaultKind.AbandonedFrames))];

    private static readonly SortedDictionary<string, FaultKind[]> s_kinds = new(StringComparer.Ordinal)
    {
        [Swarm] = s_mixed,
        [Copy] = s_mixed,
        [Flight] = s_mixed,
        ["calm"] = [],
        ["crashes"] = [FaultKind.Kill, FaultKind.GracefulStop, FaultKind.Pause, FaultKind.BrokenConnection],
        ["disks"] = [FaultKind.SlowDisk, FaultKind.FailingDisk, FaultKind.FullDisk, FaultKind.Kill, FaultKind.GracefulStop],
        [Late] =
        [
            FaultKind.AbandonedFrames, FaultKind.LateFrames, FaultKind.SlowLink, FaultKind.GracefulStop, FaultKind.Kill, FaultKind.Pause, FaultKind.LeaderCutOff, FaultKind.BrokenConnection,
        ],
        ["narrow"] =
        [
            FaultKind.NarrowWay, FaultKind.Kill, FaultKind.GracefulStop, FaultKind.Pause, FaultKind.LeaderCutOff, FaultKind.BrokenConnection, FaultKind.SlowLink, FaultKind.VoterChange,
        ],
        ["network"] =
        [
            FaultKind.BrokenConnection, FaultKind.LostFrames, FaultKind.CutFrames, FaultKind.LateFrames, FaultKind.OneWay, FaultKind.Isolation, FaultKind.Partition, FaultKind.LeaderCutOff,
            FaultKind.SlowLink,
        ],
        ["power"] = [FaultKind.PowerLoss, FaultKind.Blackout, FaultKind.DamagedTail, FaultKind.EarlierLife, FaultKind.SlowDisk],
        ["quorum"] = [FaultKind.VoterChange, FaultKind.Kill, FaultKind.PowerLoss, FaultKind.Pause, FaultKind.Isolation, FaultKind.LeaderCutOff, FaultKind.OneWay, FaultKind.SlowLink],
        ["time"] = [FaultKind.ClockJump, FaultKind.Pause, FaultKind.SlowDisk, FaultKind.SlowLink, FaultKind.LateFrames],
    };

    public static IReadOnlyCollection<string> Names => s_kinds.Keys;

    /// <summary>Whether groups copy in transactions.</summary>
    internal static bool HasCopies(string profile) => profile is Copy or Late;

    internal static FaultKind[] KindsOf(string profile) => s_kinds[profile];
}
