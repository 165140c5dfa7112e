using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;

namespace Tidemark.Server.Logging;

/// <summary>The log's areas as loggers that clients may turn up and down (KIP-412). What they set lasts until the process ends.</summary>
public sealed class BrokerLoggers(StreamLoggerFactory logs) : IBrokerLoggers
{
    public IReadOnlyDictionary<string, string> Levels
    {
        get
        {
            var named = new SortedDictionary<string, string>(StringComparer.Ordinal) { [IBrokerLoggers.Root] = NameOf(logs.Levels.Root) };
            foreach (string area in logs.Areas.Concat(logs.Levels.Set.Keys))
            {
                named[area] = NameOf(logs.Levels.For(area));
            }

            return named;
        }
    }

    public bool TrySet(string name, LoggerLevel level)
    {
        if (!Levels.ContainsKey(name))
        {
            return false;
        }

        logs.Levels.Change(name == IBrokerLoggers.Root ? "" : name, (LogLevel)level);
        return true;
    }

    public bool TryUnset(string name)
    {
        if (!Levels.ContainsKey(name))
        {
            return false;
        }

        logs.Levels.Unset(name);
        return true;
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        LogLevel.Error => "ERROR",
        LogLevel.Critical => "FATAL",
        _ => "OFF",
    };
}
