using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// Bounds how many segment files are open at once over all partitions. Thousands of partitions have tens of thousands of files, and
/// a process has a limit of descriptors that its connections need too. When a file is opened over the limit, others that nobody is
/// using are closed: those first that were not used since the last sweep (second chance).
/// </summary>
public sealed class OpenFileBudget(int openFilesMax = OpenFileBudget.FilesMax)
{
    /// <summary>More than this many are not kept open, whatever the process may open.</summary>
    public const int FilesMax = 8192;

    private readonly Lock _gate = new();
    private readonly List<SegmentFile> _open = [];
    private int _max = openFilesMax;
    private int _hand;

    /// <summary>How many files are open now.</summary>
    public int OpenFiles
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Another bound from now on, because something else needs descriptors, or needs them no more.</summary>
    public void Bound(int max)
    {
        if (Interlocked.Exchange(ref _max, max) > max)
        {
            lock (_gate)
            {
                CloseIdle(except: null);
            }
        }
    }

    internal void Opened(SegmentFile file)
    {
        lock (_gate)
        {
            _open.Add(file);
            CloseIdle(except: file);
        }
    }

    internal void Closed(SegmentFile file)
    {
        lock (_gate)
        {
            int index = _open.IndexOf(file);
            if (index >= 0)
            {
                RemoveAt(index);
            }
        }
    }

    /// <summary>Twice around at most: the first time takes away the second chances. If all are in use, the bound gives way.</summary>
    private void CloseIdle(SegmentFile? except)
    {
        int max = Volatile.Read(ref _max);
        for (int steps = _open.Count * 2; steps > 0 && _open.Count > max; steps--)
        {
            _hand = _hand >= _open.Count ? 0 : _hand;
            SegmentFile candidate = _open[_hand];
            if (!ReferenceEquals(candidate, except) && candidate.TryCloseIdle(secondChance: true))
            {
                RemoveAt(_hand);
            }
            else
            {
                _hand++;
            }
        }
    }

    private void RemoveAt(int index)
    {
        _open[index] = _open[^1];
        _open.RemoveAt(_open.Count - 1);
    }
}
