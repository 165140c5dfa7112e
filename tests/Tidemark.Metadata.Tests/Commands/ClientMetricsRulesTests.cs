using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>What a subscription to the metrics of clients may say, and how what it may not say is refused.</summary>
public sealed class ClientMetricsRulesTests
{
    private const sbyte Set = 0;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    [Theory]
    [InlineData("interval.ms", "100", ErrorCode.None)]
    [InlineData("interval.ms", "bbb", ErrorCode.InvalidConfig)]
    [InlineData("interval.ms", "", ErrorCode.InvalidConfig)]
    [InlineData("interval.ms", "99", ErrorCode.InvalidRequest)]
    [InlineData("interval.ms", "3600001", ErrorCode.InvalidRequest)]
    [InlineData("unknown", "1", ErrorCode.InvalidRequest)]
    [InlineData("metrics", "", ErrorCode.None)]
    [InlineData("metrics", " a , b ", ErrorCode.None)]
    [InlineData("metrics", "a,,b", ErrorCode.InvalidConfig)]
    [InlineData("metrics", "a,", ErrorCode.InvalidConfig)]
    [InlineData("match", "", ErrorCode.None)]
    [InlineData("match", "client_id=a,client_software_name=b.*", ErrorCode.None)]
    [InlineData("match", "client_id=a=", ErrorCode.None)]
    [InlineData("match", "client_id=a=b", ErrorCode.InvalidConfig)]
    [InlineData("match", "client_id= ", ErrorCode.InvalidConfig)]
    [InlineData("match", "client_id=(", ErrorCode.InvalidConfig)]
    [InlineData("match", "other=a", ErrorCode.InvalidConfig)]
    [InlineData("match", "client_id=a,", ErrorCode.InvalidConfig)]
    public void Values_are_taken_or_refused_with_the_reason_that_clients_expect(string key, string value, ErrorCode expected) =>
        Assert.Equal(expected, Alter(key, Set, value));

    [Theory]
    [InlineData("metrics", Append)]
    [InlineData("metrics", Subtract)]
    [InlineData("match", Append)]
    public void Lists_are_set_as_a_whole(string key, sbyte operation) => Assert.Equal(ErrorCode.InvalidConfig, Alter(key, operation, "client_id=a"));

    private static ErrorCode Alter(string key, sbyte operation, string value)
    {
        var request = new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = (sbyte)ConfigResourceType.ClientMetrics,
                    ResourceName = "m",
                    Configs = [new() { Name = key, ConfigOperation = operation, Value = value }],
                },
            ],
        };
        return Assert.Single(new World().Do(context => IncrementalAlterConfigs.Decide(context, request)).Responses).ErrorCode;
    }
}
