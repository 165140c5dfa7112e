using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>Which brokers are not taken in, and what they are told, as Kafka tells them.</summary>
public sealed class RegistrationTests
{
    private static readonly Uuid s_own = new(5, 9);
    private readonly World _world = new(brokers: 1);

    public static TheoryData<Uuid[]> DirectoriesThatNoBrokerHas { get; } = new(
        [],
        [s_own, s_own],
        [Uuid.Zero],
        [s_own, new Uuid(0, 99)],
        [s_own, World.Directory(1)]);

    [Theory]
    [MemberData(nameof(DirectoriesThatNoBrokerHas))]
    public void A_broker_with_directories_that_are_not_its_own_is_refused(Uuid[] directories) =>
        Assert.Equal(ErrorCode.InvalidRegistration, Register(9, directories: directories));

    [Fact]
    public void A_broker_that_does_not_name_its_metadata_versions_is_refused() =>
        Assert.Equal(ErrorCode.InvalidRegistration, Register(9, without: MetadataVersion.Feature));

    [Fact]
    public void A_broker_that_cannot_do_without_what_is_not_in_force_is_refused()
    {
        Assert.Equal(ErrorCode.UnsupportedVersion, Register(9, strangeFrom: 1));
        Assert.Equal(ErrorCode.UnsupportedVersion, Register(9, without: FeatureTable.Transaction));
        Assert.Equal(ErrorCode.None, Register(9, strangeFrom: 0));
    }

    [Fact]
    public void A_broker_that_does_not_know_the_quorums_version_is_refused()
    {
        Assert.Equal(ErrorCode.UnsupportedVersion, Register(9, without: FeatureTable.Kraft, kraftVersion: 1));
        Assert.Equal(ErrorCode.None, Register(9, without: FeatureTable.Kraft));
    }

    [Fact]
    public void A_number_that_is_taken_is_the_first_thing_that_is_told() =>
        Assert.Equal(ErrorCode.DuplicateBrokerRegistration, Register(1, strangeFrom: 1, directories: []));

    private ErrorCode Register(int id, short strangeFrom = 0, string? without = null, Uuid[]? directories = null, short kraftVersion = 0) => _world.Do(context => RegisterBroker.Decide(
        context with { KRaftVersion = kraftVersion },
        new BrokerRegistrationRequest
        {
            BrokerId = id,
            ClusterId = World.ClusterId,
            IncarnationId = new Uuid(3, 3),
            LogDirs = [.. directories ?? [s_own]],
            Features =
            [
                .. FeatureTable.Supported.Where(each => each.Key != without).Select(each => new BrokerRegistrationRequest.Feature
                {
                    Name = each.Key,
                    MinSupportedVersion = each.Value.Lowest,
                    MaxSupportedVersion = each.Value.Highest,
                }),
                new() { Name = "strange.version", MinSupportedVersion = strangeFrom, MaxSupportedVersion = 1 },
            ],
        },
        _world.Sessions,
        isLocal: false)).ErrorCode;
}
