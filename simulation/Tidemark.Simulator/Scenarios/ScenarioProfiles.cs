namespace Tidemark.Simulator.Scenarios;

/// <summary>Which faults a scenario draws from, by the names that the command line knows.</summary>
public static class ScenarioProfiles
{
    /// <summary>Everything, under groups that copy in transactions.</summary>
    public const string Copy = "copy";

    /// <summary>Everything, under producers that have several batches in flight.</summary>
    public const string Flight = "flight";

    /// <summary>Every seed mixes some kinds out of all.</summary>
    public const string Swarm = "swarm";

    /// <summary>A kind that came later has its own profile: one more would be another plan for every seed that anybody has written down.</summary>
    private static readonly FaultKind[] s_mixed = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.NarrowWay)];

    private static readonly SortedDictionary<string, FaultKind[]> s_kinds = new(StringComparer.Ordinal)
    {
        [Swarm] = s_mixed,
        [Copy] = s_mixed,
        [Flight] = s_mixed,
        ["calm"] = [],
        ["crashes"] = [FaultKind.Kill, FaultKind.GracefulStop, FaultKind.Pause, FaultKind.BrokenConnection],
        ["disks"] = [FaultKind.SlowDisk, FaultKind.FailingDisk, FaultKind.FullDisk, FaultKind.Kill, FaultKind.GracefulStop],
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

    internal static FaultKind[] KindsOf(string profile) => s_kinds[profile];
}
