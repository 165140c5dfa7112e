using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Tidemark.Chaos.Clients;

/// <summary>Confluent.Kafka over the distribution's librdkafka, or another that the environment names, instead of one that a package carries.</summary>
public static class Librdkafka
{
    /// <summary>A file, for a newer one than the distribution has: before 2.3 a batch that was perhaps written, and was not, ends the producer.</summary>
    private const string Variable = "TIDEMARK_LIBRDKAFKA";
    private const string Installed = "librdkafka.so.1";
    private static readonly Lazy<string?> Loading = new(Load);

    /// <summary>Why it cannot be used; null once it is loaded.</summary>
    public static string? Absence => Loading.Value;

    private static string? Load()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!NativeLibrary.TryLoad(named ?? Installed, out nint handle))
        {
            return named is null ? "librdkafka1 is not installed" : $"{Variable} names {named}, which cannot be loaded";
        }

        // The package asks for libraries by names that only development packages provide.
        NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, (name, _, _) => name switch
        {
            "librdkafka" => handle,
            "libdl" => NativeLibrary.Load("libc.so.6"),
            _ => nint.Zero,
        });
        Library.Load(named ?? Installed);
        return NativeLibrary.TryGetExport(handle, "rd_kafka_message_leader_epoch", out _) || AnswerLeaderEpochsWithUnknown() ? null : "librdkafka is too old for this Confluent.Kafka";
    }

    /// <summary>Debian 12's librdkafka lacks the calls by which the package asks for leader epochs. The answer is put here instead: unknown.</summary>
    private static bool AnswerLeaderEpochsWithUnknown()
    {
        FieldInfo?[] calls = new[] { "_message_leader_epoch", "_topic_partition_get_leader_epoch" }
            .Select(name => typeof(Library).Assembly.GetType("Confluent.Kafka.Impl.Librdkafka")?.GetField(name, BindingFlags.Static | BindingFlags.NonPublic))
            .ToArray();
        foreach (FieldInfo? call in calls)
        {
            call?.SetValue(null, Delegate.CreateDelegate(call.FieldType, ((Func<nint, int>)UnknownLeaderEpoch).Method));
        }

        return calls.All(call => call != null);
    }

    private static int UnknownLeaderEpoch(nint record) => -1;
}
