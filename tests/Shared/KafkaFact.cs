namespace Tidemark.Tests.Shared;

/// <summary>A test that needs Apache Kafka's own tools or nodes: the environment variable TIDEMARK_KAFKA names their launcher.</summary>
public sealed class KafkaFactAttribute : FactAttribute
{
    public KafkaFactAttribute() => Skip = KafkaLauncher.Absence;
}

/// <summary>As <see cref="KafkaFactAttribute"/>, once for each row of data.</summary>
public sealed class KafkaTheoryAttribute : TheoryAttribute
{
    public KafkaTheoryAttribute() => Skip = KafkaLauncher.Absence;
}

/// <summary>As <see cref="KafkaFactAttribute"/>, for what takes minutes: only where TIDEMARK_KAFKA_LONG is set too.</summary>
public sealed class LongKafkaFactAttribute : FactAttribute
{
    public LongKafkaFactAttribute() => Skip = KafkaLauncher.LongAbsence;
}

/// <summary>Apache Kafka beside Tidemark: a script that runs its tools and nodes by name, or nothing.</summary>
public static class KafkaLauncher
{
    private const string Variable = "TIDEMARK_KAFKA";
    private const string LongVariable = "TIDEMARK_KAFKA_LONG";

    /// <summary>The launcher's path, or null where no Apache Kafka is at hand.</summary>
    public static string? Path { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path && File.Exists(path) ? path : null;

    /// <summary>Why a test that needs it does not run; null where it does.</summary>
    public static string? Absence => Path == null ? $"{Variable} names no Apache Kafka launcher" : null;

    /// <summary>Why a test that needs it for minutes does not run; null where it does.</summary>
    public static string? LongAbsence => Absence ?? (Environment.GetEnvironmentVariable(LongVariable) is { Length: > 0 } ? null : $"{LongVariable} is not set, and this takes minutes");
}
