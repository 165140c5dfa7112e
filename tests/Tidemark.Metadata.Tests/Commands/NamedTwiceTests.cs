using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>What a request names twice is refused, and only that.</summary>
public sealed class NamedTwiceTests
{
    private readonly World _world = new();

    [Fact]
    public void A_resource_that_comes_twice_is_refused_each_time_and_the_others_stand()
    {
        IncrementalAlterConfigsResponse response = _world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
        {
            Resources = [Resource("a"), Resource("b"), Resource("a")],
        }));
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidRequest], response.Responses.Select(each => each.ErrorCode));
        Assert.Empty(_world.Image.ConfigOf(new ConfigResource(ConfigResourceType.Group, "a")));
        Assert.Equal("50000", _world.Image.ConfigOf(new ConfigResource(ConfigResourceType.Group, "b"))["consumer.session.timeout.ms"]);
    }

    [Fact]
    public void A_key_that_comes_twice_is_refused_in_both_ways_of_altering()
    {
        IncrementalAlterConfigsRequest.AlterConfigsResource twice = Resource("a");
        twice.Configs.Add(twice.Configs[0]);
        Assert.Equal(ErrorCode.InvalidRequest, _world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest { Resources = [twice] })).Responses[0].ErrorCode);
        var old = new AlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = (sbyte)ConfigResourceType.Group,
            ResourceName = "a",
            Configs = [.. twice.Configs.Select(each => new AlterConfigsRequest.AlterableConfig { Name = each.Name, Value = each.Value })],
        };
        Assert.Equal(ErrorCode.InvalidRequest, _world.Do(context => AlterConfigs.Decide(context, new AlterConfigsRequest { Resources = [old] })).Responses[0].ErrorCode);
    }

    [Fact]
    public void A_quota_that_comes_twice_for_one_entity_changes_nothing_of_it()
    {
        AlterClientQuotasRequest.OpData rate = new() { Key = "producer_byte_rate", Value = 1000 };
        AlterClientQuotasResponse response = _world.Do(context => AlterClientQuotas.Decide(context, new AlterClientQuotasRequest
        {
            Entries =
            [
                new() { Entity = [new() { EntityType = "user", EntityName = "twice" }], Ops = [rate, rate] },
                new() { Entity = [new() { EntityType = "user", EntityName = "once" }], Ops = [rate] },
            ],
        }));
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.None], response.Entries.Select(each => each.ErrorCode));
        Assert.Single(_world.Image.ClientQuotas);
    }

    [Fact]
    public void An_entity_that_comes_twice_gets_no_quota_and_is_refused_each_time()
    {
        AlterClientQuotasResponse response = _world.Do(context => AlterClientQuotas.Decide(context, new AlterClientQuotasRequest
        {
            Entries =
            [
                new() { Entity = [Part("user", "twice"), Part("client-id", "c")], Ops = [new() { Key = "producer_byte_rate", Value = 1000 }] },
                new() { Entity = [Part("user", "twice")], Ops = [new() { Key = "producer_byte_rate", Value = 1000 }] },
                new() { Entity = [Part("client-id", "c"), Part("user", "twice")], Ops = [new() { Key = "consumer_byte_rate", Value = 1000 }] },
            ],
        }));
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidRequest], response.Entries.Select(each => each.ErrorCode));
        Assert.Equal(["user"], Assert.Single(_world.Image.ClientQuotas).Key.Parts.Select(part => part.Key));

        static AlterClientQuotasRequest.EntityData Part(string type, string name) => new() { EntityType = type, EntityName = name };
    }

    [Fact]
    public void Users_are_refused_while_the_metadata_version_has_none()
    {
        _world.Apply([new(new FeatureLevelRecord { Name = "metadata.version", FeatureLevel = 10 }, 0)]);
        AlterUserScramCredentialsResponse response = _world.Do(context => UserScramCredentials.Decide(context, new AlterUserScramCredentialsRequest
        {
            Upsertions = [new() { Name = "ada", Mechanism = 1, Iterations = 4096, Salt = new byte[] { 1 }, SaltedPassword = new byte[] { 2 } }],
        }));
        Assert.Equal(ErrorCode.UnsupportedVersion, response.Results[0].ErrorCode);
        Assert.Empty(_world.Image.ScramCredentials);
    }

    [Fact]
    public void Of_several_faults_of_a_user_the_first_is_told_and_an_empty_password_is_one()
    {
        AlterUserScramCredentialsResponse response = _world.Do(context => UserScramCredentials.Decide(context, new AlterUserScramCredentialsRequest
        {
            Deletions = [new() { Name = "gone", Mechanism = 1 }],
            Upsertions =
            [
                User("gone", 3), User("twice", 1), User("twice", 1, iterations: 1), User("neither", 0), User("neither", 0), User("empty", 1, password: []),
                User("both", 1), User("both", 2),
            ],
        }));
        Assert.Equal(
            [
                ("gone", ErrorCode.ResourceNotFound), ("twice", ErrorCode.DuplicateResource), ("neither", ErrorCode.UnsupportedSaslMechanism),
                ("empty", ErrorCode.UnacceptableCredential), ("both", ErrorCode.None),
            ],
            response.Results.Select(each => (each.User, each.ErrorCode)));
        Assert.Equal(2, _world.Image.ScramCredentials.Count);
    }

    private static AlterUserScramCredentialsRequest.ScramCredentialUpsertion User(string name, sbyte mechanism, int iterations = 4096, byte[]? password = null) =>
        new() { Name = name, Mechanism = mechanism, Iterations = iterations, Salt = new byte[] { 1 }, SaltedPassword = password ?? [2] };

    private static IncrementalAlterConfigsRequest.AlterConfigsResource Resource(string name) => new()
    {
        ResourceType = (sbyte)ConfigResourceType.Group,
        ResourceName = name,
        Configs = [new() { Name = "consumer.session.timeout.ms", ConfigOperation = 0, Value = "50000" }],
    };
}
