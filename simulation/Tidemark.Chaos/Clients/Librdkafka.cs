using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Tidemark.Chaos.Clients;

/// <summary>Confluent.Kafka over the distribution's librdkafka, instead of one that a package carries.</summary>
public static class Librdkafka
{
    private const string NativeLibraryName = "librdkafka.so.1";
    private static readonly Lazy<string?> Loading = new(Load);

    /// <summary>Why it cannot be used; null once it is loaded.</summary>
    public static string? Absence => Loading.Value;

    private static string? Load()
    {
        if (!NativeLibrary.TryLoad(NativeLibraryName, out nint handle))
        {
            return "librdkafka1 is not installed";
        }

        // The package asks for libraries by names that only development packages provide.
        NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, (name, _, _) => name switch
        {
            "librdkafka" => handle,
            "libdl" => NativeLibrary.Load("libc.so.6"),
            _ => nint.Zero,
        });
        Library.Load(NativeLibraryName);
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
