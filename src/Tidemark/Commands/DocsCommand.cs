using System.CommandLine;
using Tidemark.Parsing;
using Tidemark.Server.Documentation;

namespace Tidemark.Commands;

/// <summary>Writes the pages of docs/ that are made from the code's own tables. Hidden: for those who work on Tidemark.</summary>
internal static class DocsCommand
{
    public static Command Define()
    {
        var page = new Argument<string>("PAGE") { Description = "configuration or protocol." };
        page.OneOf("configuration", "protocol");
        var command = new Command("docs", "Write docs/CONFIGURATION.md or docs/PROTOCOL.md to standard output.") { page };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            Console.Out.Write(parsed.GetValue(page) == "protocol" ? ProtocolPage.Write() : ConfigurationPage.Write());
            return ExitCode.Success;
        });
        return command;
    }
}
