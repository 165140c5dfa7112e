using Tidemark.Primitives;

namespace Tidemark.Records.Tests;

public class PlantsTests
{
    [Fact]
    public void What_is_built_for_everybody_has_no_planted_fault()
    {
        Assert.False(Plants.CanChoose);
        Assert.All(Enum.GetValues<Plant>(), plant => Assert.False(Plants.IsOn(plant)));
        Assert.Throws<NotSupportedException>(() => Plants.Choose(Plant.SkipEpochTruncation));
    }
}
