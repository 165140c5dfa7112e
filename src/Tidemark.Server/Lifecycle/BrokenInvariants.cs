using System.Runtime.ExceptionServices;
using Tidemark.Primitives;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Sees every broken invariant at the moment in which it is found, before anybody could catch it: in a task that nobody waits for it would be kept
/// there, and the node would go on with a state that is known to be wrong.
/// </summary>
public sealed class BrokenInvariants : IDisposable
{
    private readonly Action<InvariantViolationException> _end;

    /// <param name="end">Ends the process. Called on the thread that found it.</param>
    public BrokenInvariants(Action<InvariantViolationException> end)
    {
        _end = end;
        AppDomain.CurrentDomain.FirstChanceException += OnThrown;
    }

    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= OnThrown;

    private void OnThrown(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        if (thrown.Exception is InvariantViolationException broken)
        {
            _end(broken);
        }
    }
}
