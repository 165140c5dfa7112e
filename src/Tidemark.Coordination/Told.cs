namespace Tidemark.Coordination;

/// <summary>What is made of the texts that clients send, ids and expressions of any length: a string of the protocol has at most 32,767 bytes.</summary>
internal static class Told
{
    /// <summary>In characters, each of which has at most three bytes. Nobody reads more of a sentence.</summary>
    public const int LengthMax = 2_000;

    /// <summary>The sentence, or its beginning where it is too long to be sent and kept.</summary>
    public static string Short(string sentence) => sentence.Length <= LengthMax ? sentence : $"{Beginning(sentence)}…";

    /// <summary>The text, or as much of it as leaves room for something behind it.</summary>
    public static string Beginning(string text) =>
        text.Length <= LengthMax ? text
        : char.IsHighSurrogate(text[LengthMax - 1]) ? text[..(LengthMax - 1)]
        : text[..LengthMax];
}
