using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Tidemark.Primitives;

/// <summary>
/// Conditions that hold in Release builds too. A broken one means that the program's idea of its own state is wrong:
/// going on could damage data, so the node stops.
/// </summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantViolationException"/> when <paramref name="condition"/> is false.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string? text = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        if (!condition)
        {
            Fail(text, file, line);
        }
    }

    [DoesNotReturn]
    private static void Fail(string? text, string? file, int line) =>
        throw new InvariantViolationException($"Invariant broken: {text} ({file}:{line})");
}

/// <summary>An invariant was found broken. Nobody but the process's last handler catches it.</summary>
public sealed class InvariantViolationException(string message) : Exception(message);
