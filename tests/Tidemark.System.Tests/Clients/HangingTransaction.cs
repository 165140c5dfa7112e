using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>
/// A transaction that is open in a partition and that no coordinator knows, as brokers without verification (KIP-890) let it come to be: a batch that
/// arrives after its transaction has ended.
/// </summary>
public static class HangingTransaction
{
    private const string Verification = "transaction.partition.verification.enable";
    private static readonly TimeSpan Age = TimeSpan.FromHours(2);

    /// <summary>Appends one transactional record that is two hours old to partition 0, by a producer that nobody was told of; answers its offset.</summary>
    public static async Task<long> BeginAsync(RunningBroker broker, string topic, long producerId)
    {
        await ConfigureAsync(broker, "--set", $"{Verification}=false");
        try
        {
            RecordBatchOptions options = new() { ProducerId = new ProducerId(producerId), ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true };
            using RecordBatchBuilder builder = new(options);
            builder.Append(DateTimeOffset.UtcNow.Subtract(Age).ToUnixTimeMilliseconds(), default, "hangs"u8);
            using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
            ProduceResponse.PartitionProduceResponse answer = await connection.ProduceAsync(topic, 0, builder.Build(), "hanging-" + topic);
            Assert.Equal(ErrorCode.None, answer.ErrorCode);
            return answer.BaseOffset;
        }
        finally
        {
            await ConfigureAsync(broker, "--unset", Verification);
        }
    }

    private static async Task ConfigureAsync(RunningBroker broker, params string[] change) =>
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["configs", "alter", "--broker-defaults", .. change, "--bootstrap-server", broker.Bootstrap])).Succeeded();
}
