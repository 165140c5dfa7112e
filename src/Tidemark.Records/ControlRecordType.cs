namespace Tidemark.Records;

/// <summary>What a control record says. The numbers are persisted: they never change.</summary>
public enum ControlRecordType : short
{
    /// <summary>A type of a later version; readers skip it.</summary>
    Unknown = -1,

    /// <summary>A transaction was aborted (KIP-98).</summary>
    Abort = 0,

    /// <summary>A transaction was committed (KIP-98).</summary>
    Commit = 1,

    /// <summary>A quorum leader's first record (KIP-595), a LeaderChangeMessage.</summary>
    LeaderChange = 2,

    /// <summary>A snapshot's first record (KIP-630), a SnapshotHeaderRecord.</summary>
    SnapshotHeader = 3,

    /// <summary>A snapshot's last record (KIP-630), a SnapshotFooterRecord.</summary>
    SnapshotFooter = 4,

    /// <summary>The quorum's protocol (KIP-853), a KRaftVersionRecord.</summary>
    KRaftVersion = 5,

    /// <summary>The quorum's voters (KIP-853), a VotersRecord.</summary>
    KRaftVoters = 6,
}
