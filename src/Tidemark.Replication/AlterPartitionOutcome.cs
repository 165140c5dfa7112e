using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>What became of a proposed change of the in-sync replicas.</summary>
public enum ProposalFate
{
    /// <summary>Accepted: the new state is in force and the high watermark was looked at again.</summary>
    Applied,

    /// <summary>Refused for good; the committed state stands and another change may be proposed.</summary>
    RolledBack,

    /// <summary>Ask the same again.</summary>
    Retry,

    /// <summary>The change stays pending until metadata says what is true.</summary>
    AwaitMetadata,

    /// <summary>The leadership or the state moved on meanwhile; the answer means nothing any more.</summary>
    Ignored,
}

/// <summary>The controller's answer to an <see cref="IsrProposal"/>: an error, or the partition's state after the change.</summary>
public readonly record struct AlterPartitionAnswer(ErrorCode Error, PartitionLeadership? Accepted);
