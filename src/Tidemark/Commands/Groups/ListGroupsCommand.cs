using System.CommandLine;
using Tidemark.Client.Groups;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark.Commands.Groups;

/// <summary><c>tidemark groups list</c></summary>
internal static class ListGroupsCommand
{
    public static Command Define()
    {
        var states = new Option<string[]>("--state") { Description = "Only groups in this state, such as Stable or Empty; may be given again.", HelpName = "STATE" }
            .OneOf(StringComparer.OrdinalIgnoreCase, "Stable", "Empty", "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling", "Dead");
        var kinds = new Option<string[]>("--type") { Description = "Only groups of this type: classic or consumer; may be given again.", HelpName = "TYPE" }
            .OneOf(StringComparer.OrdinalIgnoreCase, "classic", "consumer");
        var command = new ExampledCommand("list", "List groups and who coordinates them.", "tidemark groups list", "tidemark groups list --state Empty --json") { states, kinds };
        ClusterOptions.Attach(command, async call =>
        {
            var listing = new Listing("group", "type", "state", "protocol type", "coordinator");
            IReadOnlyList<ListedGroup> groups = await call.Cluster.ListGroupsAsync(call.Get(states), call.Get(kinds), call.Cancellation);
            foreach (ListedGroup group in groups.OrderBy(g => g.Group, StringComparer.Ordinal))
            {
                listing.Add(group.Group, group.Kind, group.State, group.ProtocolType.Length == 0 ? null : group.ProtocolType, group.Coordinator.Value);
            }

            listing.Write(call.Json, "There are no groups.");
            return ExitCode.Success;
        });
        return command;
    }
}
