using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Background work on a thread of its own, one piece after another. Work that comes a few times a second for ever costs less here than on the
/// pool, where each piece wakes a second worker that finds nothing to do.
/// </summary>
public sealed class WorkThread : IBackground, IDisposable
{
    private readonly ThreadPoolBackground _guard;
    private readonly Queue<(string Name, Action Work)> _waiting = new();
    private bool _stopped;

    /// <param name="name">At most 15 characters, which is what the system shows of it.</param>
    /// <param name="guard">Tells the log of work that failed.</param>
    public WorkThread(string name, ThreadPoolBackground guard)
    {
        _guard = guard;
        new Thread(Loop) { Name = name, IsBackground = true }.Start();
    }

    public void Post(string name, Action work)
    {
        lock (_waiting)
        {
            _waiting.Enqueue((name, work));
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>The thread ends when all that was posted has run; it is not waited for, since that work may be what disposes this.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _stopped = true;
            Monitor.Pulse(_waiting);
        }
    }

    private void Loop()
    {
        while (true)
        {
            (string name, Action work) next;
            lock (_waiting)
            {
                while (!_waiting.TryDequeue(out next))
                {
                    if (_stopped)
                    {
                        return;
                    }

                    Monitor.Wait(_waiting);
                }
            }

            _guard.Run(next.name, next.work);
        }
    }
}
