using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Tests;

/// <summary>The checkers miss nothing of what the controllers decide.</summary>
[Collection(PlantCollection.Name)]
public sealed class MetadataChecksTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_change_is_told_of_although_snapshots_take_the_logs_place_before_brokers_publish_it(ulong seed)
    {
        const int Topics = 30;
        var watched = new WatchedCluster(seed);
        SimulatedNode controller = watched.Controller;
        watched.Cluster.Nodes.First(node => node != controller).Kill();

        // One right after the other, and none is waited for: brokers that publish bring in the newest only.
        var answers = new List<Task<ErrorCode>>();
        TimeSpan next = watched.Cluster.Time.Elapsed;
        watched.Await(() =>
        {
            if (answers.Count < Topics && watched.Cluster.Time.Elapsed >= next)
            {
                answers.Add(watched.Create($"topic{answers.Count}", controller.Id));
                next = watched.Cluster.Time.Elapsed + TimeSpan.FromMilliseconds(1);
            }

            return answers.Count == Topics && answers.TrueForAll(answer => answer.IsCompleted);
        });

        Assert.All(answers, answer => Assert.Equal(ErrorCode.None, answer.GetAwaiter().GetResult()));
        Assert.All(watched.Changes.Zip(watched.Changes.Skip(1)), step => Assert.Same(step.First.After, step.Second.Before));
        Assert.All(Enumerable.Range(0, Topics), i => Assert.Single(watched.Changes, change => change.Before.Find($"topic{i}") is null && change.After.Find($"topic{i}") is not null));
    }
}
