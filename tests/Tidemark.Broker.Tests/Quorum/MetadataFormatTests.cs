using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Quorum;

public sealed class MetadataFormatTests
{
    [Fact]
    public void A_formatted_directory_outlives_a_loss_of_power_with_every_parent_that_was_made_for_it()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var disk = new MemoryDisk(new SeededRandom(seed));
            MetadataFormat.Format(
                disk,
                new FormatOptions("vD3YJrI1RCqaGAGTYm_XbA", 1, ["/srv/logs/one"], "/srv/logs/one", MetadataVersion.Latest, new Dictionary<string, short>(), null, true),
                0,
                () => new Uuid(1, seed));

            disk.CrashNow(CrashKind.Power);
            disk.Restart();

            Assert.True(MetaProperties.Read(disk, "/srv/logs/one") is not null, $"seed {seed}");
        }
    }
}
