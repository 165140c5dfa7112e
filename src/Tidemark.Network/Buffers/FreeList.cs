namespace Tidemark.Network.Buffers;

/// <summary>Released buffers of one size, the warmest on top, with the count that was never needed since it was last asked for.</summary>
internal sealed class FreeList<T>
    where T : class
{
    private readonly Stack<T> _free = new();
    private readonly Lock _lock = new();
    private int _unused;

    public T? Take()
    {
        lock (_lock)
        {
            if (!_free.TryPop(out T? item))
            {
                return null;
            }

            _unused = Math.Min(_unused, _free.Count);
            return item;
        }
    }

    /// <summary>Keeps the item unless there are that many already.</summary>
    public void Put(T item, int countMax)
    {
        lock (_lock)
        {
            if (_free.Count < countMax)
            {
                _free.Push(item);
            }
        }
    }

    /// <summary>Takes out as many as lay here unused all the time since the last call.</summary>
    public IReadOnlyList<T> TakeUnused()
    {
        lock (_lock)
        {
            var taken = new List<T>(_unused);
            for (int i = 0; i < _unused; i++)
            {
                taken.Add(_free.Pop());
            }

            _unused = _free.Count;
            return taken;
        }
    }
}
