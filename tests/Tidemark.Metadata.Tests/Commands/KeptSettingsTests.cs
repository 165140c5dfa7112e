using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>Quotas and SCRAM users are kept in the metadata log and described as they were set, although nothing enforces them yet; and a key that forbids.</summary>
public sealed class KeptSettingsTests
{
    private readonly World _world = new();

    [Fact]
    public void Quotas_are_described_as_they_were_altered()
    {
        Alter(("user", "ada"), "producer_byte_rate", 1000);
        Alter(("user", null), "request_percentage", 50);
        Assert.Equal(["user=ada: producer_byte_rate=1000"], Describe(0, "ada"));
        Assert.Equal(["user=<default>: request_percentage=50"], Describe(1, null));
        Assert.Equal(2, Describe(2, null).Count);
        Alter(("user", "ada"), "producer_byte_rate", null);
        Assert.Empty(Describe(0, "ada"));

        void Alter((string Type, string? Name) entity, string key, double? value) => Assert.Equal(
            ErrorCode.None,
            Assert.Single(_world.Do(context => AlterClientQuotas.Decide(context, new AlterClientQuotasRequest
            {
                Entries = [new() { Entity = [new() { EntityType = entity.Type, EntityName = entity.Name }], Ops = [new() { Key = key, Value = value ?? 0, Remove = value is null }] }],
            })).Entries).ErrorCode);

        List<string> Describe(sbyte matchType, string? match)
        {
            var request = new DescribeClientQuotasRequest { Components = [new() { EntityType = "user", MatchType = matchType, Match = match }] };
            DescribeClientQuotasResponse response = DescribeClientQuotas.Answer(_world.Image, request);
            return [.. response.Entries!.Select(entry => string.Join(',', entry.Entity.Select(e => $"{e.EntityType}={e.EntityName ?? "<default>"}")) + ": " + string.Join(',', entry.Values.Select(v => $"{v.Key}={v.Value}")))];
        }
    }

    [Fact]
    public void Scram_users_are_described_without_their_keys_until_they_are_removed()
    {
        AlterUserScramCredentialsResponse altered = _world.Do(context => UserScramCredentials.Decide(context, new AlterUserScramCredentialsRequest
        {
            Upsertions = [new() { Name = "ada", Mechanism = 1, Iterations = 8192, Salt = new byte[] { 1 }, SaltedPassword = new byte[32] }],
        }));
        Assert.Equal(ErrorCode.None, Assert.Single(altered.Results).ErrorCode);
        DescribeUserScramCredentialsResponse response = UserScramCredentials.Answer(_world.Image, new DescribeUserScramCredentialsRequest { Users = null });
        DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult ada = Assert.Single(response.Results);
        Assert.Equal(("ada", 1, 8192), (ada.User, ada.CredentialInfos[0].Mechanism, ada.CredentialInfos[0].Iterations));
        _world.Do(context => UserScramCredentials.Decide(context, new AlterUserScramCredentialsRequest { Deletions = [new() { Name = "ada", Mechanism = 1 }] }));
        Assert.Empty(UserScramCredentials.Answer(_world.Image, new DescribeUserScramCredentialsRequest { Users = null }).Results);
    }

    [Fact]
    public void Topics_stay_where_deleting_them_is_forbidden()
    {
        var world = new World(brokers: 1) { File = BrokerConfig.Parse([KeyValuePair.Create("delete.topic.enable", "false")], out _) };
        world.CreateTopic("kept", 1, 1);
        DeleteTopicsResponse response = world.Do(context => DeleteTopics.Decide(context, new DeleteTopicsRequest { Topics = [new() { Name = "kept" }] }, 6));
        Assert.Equal(ErrorCode.TopicDeletionDisabled, Assert.Single(response.Responses).ErrorCode);
        Assert.NotNull(world.Image.Topics.Find("kept"));
    }
}
