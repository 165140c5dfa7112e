namespace Tidemark.Network.Buffers;

/// <summary>
/// The bytes that requests may take over all connections (<c>queued.max.request.bytes</c>). A request is let in while any of them is left, so that
/// one that is larger than the rest, or than the whole, comes through too; those that do not get in wait in the order in which they came.
/// </summary>
internal sealed class RequestBudget(long bytes)
{
    /// <summary>
    /// Smaller requests are not counted: they are what keeps groups, followers and the quorum alive, and a connection has few of them at a time.
    /// </summary>
    public const int CountedMin = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<Claim> _waiting = [];
    private long _free = bytes;

    private enum State : byte
    {
        New,
        Waiting,
        Granted,
        Ended,
    }

    private void GiveBack(int size)
    {
        List<Claim>? granted = null;
        lock (_lock)
        {
            _free += size;
            while (_free > 0 && _waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                first.Value.Grant();
                (granted ??= []).Add(first.Value);
            }
        }

        granted?.ForEach(each => each.OnGranted());
    }

    /// <summary>One request's part, from the wish for it until it is disposed.</summary>
    /// <param name="onGranted">Called once, on any thread, if it had to wait.</param>
    public sealed class Claim(RequestBudget budget, int size, Action onGranted) : IDisposable
    {
        private State _state;

        public bool IsGranted
        {
            get
            {
                lock (budget._lock)
                {
                    return _state == State.Granted;
                }
            }
        }

        internal Action OnGranted => onGranted;

        /// <summary>Takes its part if it may at once, which is when nobody waits.</summary>
        public bool TryTake()
        {
            lock (budget._lock)
            {
                if (_state == State.New && budget._free > 0 && budget._waiting.Count == 0)
                {
                    Grant();
                }

                return _state == State.Granted;
            }
        }

        /// <summary>Waits for its turn; that may be there by now.</summary>
        public void Wait()
        {
            lock (budget._lock)
            {
                if (_state != State.New)
                {
                    return;
                }

                _state = State.Waiting;
                budget._waiting.AddLast(this);
            }

            // What was given back in between has found nobody to grant it to.
            budget.GiveBack(0);
        }

        public void Dispose()
        {
            State before;
            lock (budget._lock)
            {
                (before, _state) = (_state, State.Ended);
                if (before == State.Waiting)
                {
                    budget._waiting.Remove(this);
                }
            }

            if (before == State.Granted)
            {
                budget.GiveBack(size);
            }
        }

        /// <summary>Under the budget's lock.</summary>
        internal void Grant()
        {
            _state = State.Granted;
            budget._free -= size;
        }
    }
}
