using Tidemark;
using Tidemark.Commands;

// The servers must be up in a fraction of a second: they are started before any of the command line parser is loaded, when their
// arguments are as simple as they mostly are. Everything else goes through the parser.
return args switch
{
    ["up", ..] when UpCommand.TryQuick(args.AsSpan(1)) is { } up => up.Run(),
    ["server", ..] when ServerCommand.TryQuick(args.AsSpan(1)) is { } server => server.Run(),
    ["format", ..] when FormatCommand.TryQuick(args.AsSpan(1)) is { } format => format.Run(),
    _ => CommandLine.Run(args),
};
