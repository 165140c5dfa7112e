namespace Tidemark.Metadata.Configuration;

/// <summary>Something that is wrong with a property file, in one sentence that names key, value and what is allowed.</summary>
/// <param name="IsFatal">True when the server must not start; false for what deserves a warning, such as an unknown key.</param>
public sealed record ConfigProblem(string Key, string Message, bool IsFatal);
