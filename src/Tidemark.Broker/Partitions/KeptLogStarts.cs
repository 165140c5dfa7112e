using Tidemark.Broker.Runtime;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// Writes down where logs begin before that is told to anybody: what a client was told is deleted is not given out by any replica's next life, however
/// this one ends. Kafka writes it within a minute. Those who ask while a write is under way find that the next one wrote for all of them.
/// </summary>
public sealed class KeptLogStarts(LogDirectories directories, IBackground background)
{
    /// <summary>Completes when the starts that these logs have now are on the disk, or their directory is offline.</summary>
    public Task Keep(IReadOnlyCollection<PartitionLog> logs)
    {
        if (logs.Count == 0)
        {
            return Task.CompletedTask;
        }

        var kept = new TaskCompletionSource();
        background.Post("keep log starts", () =>
        {
            try
            {
                directories.KeepLogStarts(logs);
            }
            catch (Exception e)
            {
                kept.SetException(e);
                throw;
            }

            kept.SetResult();
        });
        return kept.Task;
    }
}
