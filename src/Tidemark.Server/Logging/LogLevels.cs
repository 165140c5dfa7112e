using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Tidemark.Server.Logging;

/// <summary>
/// Which areas write how much. An area is the part of a category after <c>Tidemark.</c>, in small letters: <c>storage</c>,
/// <c>broker.handlers</c>. A level set for an area holds for the areas below it, unless they have one of their own.
/// Levels may change while the process runs.
/// </summary>
public sealed class LogLevels(LogLevel root)
{
    private readonly ConcurrentDictionary<string, LogLevel> _set = new(StringComparer.Ordinal);
    private volatile int _version;

    /// <summary>Changes whenever a level does, so that loggers may keep their answer until then.</summary>
    public int Version => _version;

    public LogLevel Root { get; private set; } = root;

    /// <summary>The levels that were set, by area.</summary>
    public IReadOnlyDictionary<string, LogLevel> Set => _set;

    public LogLevel For(string area)
    {
        for (string part = area; ; part = part[..part.LastIndexOf('.')])
        {
            if (_set.TryGetValue(part, out LogLevel level))
            {
                return level;
            }

            if (!part.Contains('.'))
            {
                return Root;
            }
        }
    }

    /// <summary>Sets the level of an area, or of all areas without one of their own when the area is empty.</summary>
    public void Change(string area, LogLevel level)
    {
        if (area.Length == 0)
        {
            Root = level;
        }
        else
        {
            _set[area] = level;
        }

        Interlocked.Increment(ref _version);
    }

    /// <summary>Forgets the level of an area, which then has that of the area above it.</summary>
    public void Unset(string area)
    {
        _set.TryRemove(area, out _);
        Interlocked.Increment(ref _version);
    }

    /// <summary>Reads <c>area=level</c> or <c>level</c>, the form of the command line. False when it is neither.</summary>
    public bool TryChange(string text)
    {
        int equals = text.IndexOf('=');
        string area = equals < 0 ? "" : text[..equals].Trim().ToLowerInvariant();
        if (!TryParse(text[(equals + 1)..].Trim(), out LogLevel level))
        {
            return false;
        }

        Change(area, level);
        return true;
    }

    /// <summary>The names of levels, ours and those that users of log4j know.</summary>
    public static bool TryParse(string name, out LogLevel level)
    {
        (bool known, level) = name.ToLowerInvariant() switch
        {
            "trace" => (true, LogLevel.Trace),
            "debug" => (true, LogLevel.Debug),
            "info" or "information" => (true, LogLevel.Information),
            "warn" or "warning" => (true, LogLevel.Warning),
            "error" => (true, LogLevel.Error),
            "fatal" or "critical" => (true, LogLevel.Critical),
            "off" or "none" => (true, LogLevel.None),
            _ => (false, LogLevel.None),
        };
        return known;
    }

    /// <summary>What <see cref="TryParse"/> takes, for messages.</summary>
    public const string Names = "trace, debug, info, warn, error, fatal, off";

    /// <summary>The area of a logger's category.</summary>
    public static string AreaOf(string category)
    {
        const string Root = "Tidemark.";
        return (category.StartsWith(Root, StringComparison.Ordinal) ? category[Root.Length..] : category).ToLowerInvariant();
    }
}
