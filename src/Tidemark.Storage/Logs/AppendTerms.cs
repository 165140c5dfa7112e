using Tidemark.Storage.Producers;

namespace Tidemark.Storage.Logs;

/// <summary>Who appends as leader, and with it which rules hold.</summary>
public enum AppendOrigin
{
    /// <summary>A producer: sequences, epochs and transactions are checked.</summary>
    Client,

    /// <summary>A coordinator writes transaction markers or its own records, which have no sequences: epochs and transactions are checked.</summary>
    Coordinator,

    /// <summary>The metadata quorum: nothing about producers is checked.</summary>
    Quorum,
}

/// <summary>Who appends as leader, and what he brings for the check of transactions.</summary>
/// <param name="Guard">For the first batch of a transaction here: the verification that the coordinator agreed to.</param>
/// <param name="TransactionVersion">For a marker: the version of the transaction that it ends (KIP-1228).</param>
public readonly record struct AppendTerms(AppendOrigin Origin, VerificationGuard? Guard = null, short TransactionVersion = 0)
{
    public static AppendTerms Client => default;

    public static AppendTerms Coordinator => new(AppendOrigin.Coordinator);
}
