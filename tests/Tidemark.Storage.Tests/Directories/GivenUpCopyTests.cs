using Tidemark.Primitives;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Directories;

/// <summary>Copies of a log that must not take its place.</summary>
public class GivenUpCopyTests
{
    private static readonly TopicPartition First = new("a", 0);
    private static readonly Uuid TopicId = new(0x1234, 0x5678);
    private readonly StorageFixture _fixture = new();
    private readonly LogDirectories _logs;
    private readonly StoredPartition _current;
    private readonly byte[] _batch;
    private ulong _ids = 1;

    public GivenUpCopyTests()
    {
        _logs = new LogDirectories(_fixture.Surroundings, [LogDirectory.Open(_fixture.Disk, "/d1"), LogDirectory.Open(_fixture.Disk, "/d2")], () => new Uuid(_ids++, 99));
        _current = _logs.GetOrCreate(First, TopicId, LogOptions.Default);
        _batch = _fixture.Batch("x");
        _current.Log.AppendAsLeader(_batch, default);
    }

    [Fact]
    public void A_copy_that_was_given_up_takes_no_place_and_neither_does_the_one_begun_after_it()
    {
        LogDirectory other = _logs.All.First(directory => directory != _current.Directory);
        StoredPartition givenUp = _logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, other);
        givenUp.Log.AppendAsFollower(_batch);
        _logs.DeleteFuture(First);
        StoredPartition begun = _logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, other);

        Assert.Null(_logs.ReplaceWithFuture(givenUp));

        Assert.Same(begun, Assert.Single(_logs.Futures));
        Assert.True(_logs.TryGet(First, out StoredPartition found));
        Assert.Equal(["0:x"], StorageFixture.ReadAll(found.Log));
    }

    [Fact]
    public void A_copy_beside_its_log_is_given_up_and_costs_no_directory()
    {
        StoredPartition future = _logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, _current.Directory);
        future.Log.AppendAsFollower(_batch);

        Assert.Null(_logs.ReplaceWithFuture(future));

        Assert.False(_current.Directory.IsOffline);
        Assert.Empty(_logs.Futures);
        Assert.Equal(["0:x"], StorageFixture.ReadAll(_current.Log));
    }
}
