using System.CommandLine;
using Tidemark.Output;

namespace Tidemark.Parsing;

/// <summary>What is printed of a record beside its value.</summary>
internal sealed class RecordShapeOptions
{
    private readonly Option<bool> _key = new("--key", "-k") { Description = "Print keys." };
    private readonly Option<string> _separator = new("--key-separator", "-K") { Description = "What stands between the parts of a line.", HelpName = "TEXT", DefaultValueFactory = _ => "\t" };
    private readonly Option<bool> _headers = new("--headers") { Description = "Print headers." };
    private readonly Option<bool> _timestamps = new("--timestamps") { Description = "Print timestamps." };
    private readonly Option<bool> _offsets = new("--offsets") { Description = "Print partitions and offsets." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _key, _separator, _headers, _timestamps, _offsets })
        {
            command.Add(option);
        }
    }

    public RecordPrinter Read(ClusterCall call) =>
        new(call.Json, call.Get(_key), call.Get(_headers), call.Get(_timestamps), call.Get(_offsets), call.Get(_separator)!);
}
