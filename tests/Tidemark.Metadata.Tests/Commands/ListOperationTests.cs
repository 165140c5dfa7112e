using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>What IncrementalAlterConfigs does with operations that only a list knows (KIP-339).</summary>
public sealed class ListOperationTests
{
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    private readonly World _world = new(brokers: 1);

    public ListOperationTests() => _world.CreateTopic("orders", 1, 1);

    [Theory]
    [InlineData(Append)]
    [InlineData(Subtract)]
    public void A_list_operation_on_a_single_value_refuses_the_whole_request_and_says_that_it_is_not_allowed(sbyte operation)
    {
        IncrementalAlterConfigsResponse.AlterConfigsResourceResponse answer = Alter(("cleanup.policy", Append, "compact"), ("flush.ms", operation, "10001"));

        Assert.Equal(ErrorCode.InvalidConfig, answer.ErrorCode);
        Assert.Contains("flush.ms", answer.ErrorMessage);
        Assert.Contains("not allowed", answer.ErrorMessage);
        Assert.Empty(_world.Image.ConfigOf(ConfigResource.Topic("orders")));
    }

    [Fact]
    public void An_append_adds_to_the_default_and_a_subtraction_takes_one_value_away()
    {
        Assert.Equal(ErrorCode.None, Alter(("cleanup.policy", Append, "compact")).ErrorCode);
        Assert.Equal("delete,compact", _world.Image.ConfigOf(ConfigResource.Topic("orders"))["cleanup.policy"]);

        Assert.Equal(ErrorCode.None, Alter(("cleanup.policy", Subtract, "delete")).ErrorCode);
        Assert.Equal("compact", _world.Image.ConfigOf(ConfigResource.Topic("orders"))["cleanup.policy"]);
    }

    private IncrementalAlterConfigsResponse.AlterConfigsResourceResponse Alter(params (string Name, sbyte Operation, string Value)[] configs) =>
        Assert.Single(_world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new IncrementalAlterConfigsRequest.AlterConfigsResource
                {
                    ResourceType = (sbyte)ConfigResourceType.Topic,
                    ResourceName = "orders",
                    Configs = [.. configs.Select(each => new IncrementalAlterConfigsRequest.AlterableConfig
                    {
                        Name = each.Name, ConfigOperation = each.Operation, Value = each.Value,
                    })],
                },
            ],
        })).Responses);
}
