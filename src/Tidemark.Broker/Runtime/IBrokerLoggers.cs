namespace Tidemark.Broker.Runtime;

/// <summary>The levels of the process's loggers, which clients may read and change while it runs. A level is one of Kafka's names.</summary>
public interface IBrokerLoggers
{
    /// <summary>The logger that all others inherit from.</summary>
    const string Root = "root";

    /// <summary>Every logger's level by name, <see cref="Root"/> among them.</summary>
    IReadOnlyDictionary<string, string> Levels { get; }

    /// <summary>False when there is no such logger.</summary>
    bool TrySet(string name, LoggerLevel level);

    /// <summary>The logger inherits again. False when there is no such logger.</summary>
    bool TryUnset(string name);
}

/// <summary>Kafka's levels of loggers, the most talkative first.</summary>
public enum LoggerLevel
{
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}
