namespace Tidemark.Simulator.Disks;

/// <summary>
/// The bytes of one file in pages, absent pages being zeros, together with what a loss of power would leave of them: for each page
/// changed since the last flush, what it held then.
/// </summary>
internal sealed class MemoryContent
{
    public const int PageSize = 4096;

    /// <summary>What a disk writes in one piece. A page that was half out when the power failed is torn at such a border.</summary>
    private const int SectorSize = 512;

    private const uint AllSectors = (1u << (PageSize / SectorSize)) - 1;

    private readonly SortedList<long, byte[]> _pages = [];
    private readonly SortedList<long, byte[]?> _flushedPages = [];
    private readonly List<(long Position, byte Was)> _turned = [];
    private long _flushedLength;

    public long Length { get; private set; }

    public long AllocatedBytes => (long)_pages.Count * PageSize;

    /// <summary>The bytes of which the last loss of power turned a bit, and what they were before.</summary>
    public IReadOnlyList<(long Position, byte Was)> Turned => _turned;

    public bool IsDirty => _flushedPages.Count > 0 || _flushedLength != Length;

    public int Read(long position, Span<byte> into)
    {
        int total = (int)Math.Clamp(Length - position, 0, into.Length);
        for (int done = 0; done < total;)
        {
            long page = (position + done) / PageSize;
            int start = (int)((position + done) % PageSize);
            int count = Math.Min(PageSize - start, total - done);
            if (_pages.TryGetValue(page, out byte[]? bytes))
            {
                bytes.AsSpan(start, count).CopyTo(into[done..]);
            }
            else
            {
                into.Slice(done, count).Clear();
            }

            done += count;
        }

        return total;
    }

    /// <summary>How many bytes of new pages a write would need.</summary>
    public long GrowthOf(long position, int count)
    {
        long missing = 0;
        for (long page = position / PageSize; count > 0 && page <= (position + count - 1) / PageSize; page++)
        {
            missing += _pages.ContainsKey(page) ? 0 : PageSize;
        }

        return missing;
    }

    public void Write(long position, ReadOnlySpan<byte> bytes)
    {
        for (int done = 0; done < bytes.Length;)
        {
            long page = (position + done) / PageSize;
            int start = (int)((position + done) % PageSize);
            int count = Math.Min(PageSize - start, bytes.Length - done);
            bytes.Slice(done, count).CopyTo(Touch(page).AsSpan(start));
            done += count;
        }

        Length = Math.Max(Length, bytes.IsEmpty ? 0 : position + bytes.Length);
    }

    public void SetLength(long length)
    {
        Truncate(length);
        Length = length;
    }

    public void Flush()
    {
        _flushedPages.Clear();
        _flushedLength = Length;
    }

    /// <summary>
    /// Leaves what a loss of power leaves: everything flushed, and of the rest what the seed spares: the first sectors of a page, or any of
    /// them where the disk writes them in an order of its own.
    /// </summary>
    /// <param name="damages">Bits of what was not flushed may have flipped.</param>
    public void LosePower(SeededRandom random, bool damages)
    {
        _turned.Clear();
        if (!IsDirty)
        {
            return;
        }

        long length = random.Chance(0.5) ? Length : _flushedLength;
        foreach ((long page, byte[]? flushed) in _flushedPages)
        {
            uint survivingSectors = random.Next(4) switch
            {
                0 => 0,
                1 => AllSectors,
                2 => AllSectors >> random.Next((PageSize / SectorSize) + 1),
                _ => (uint)random.NextUInt64() & AllSectors,
            };
            byte[] mixed = new byte[PageSize];
            flushed?.CopyTo(mixed, 0);
            if (_pages.TryGetValue(page, out byte[]? written))
            {
                for (int sector = 0; sector < PageSize / SectorSize; sector++)
                {
                    if ((survivingSectors >> sector & 1) != 0)
                    {
                        written.AsSpan(sector * SectorSize, SectorSize).CopyTo(mixed.AsSpan(sector * SectorSize));
                    }
                }

                if (damages && random.Chance(0.5))
                {
                    Flip(page, mixed, flushed, random);
                }
            }

            // A page that was cut off comes back whole, and goes again below if the shorter length is what survives.
            _pages[page] = mixed;
        }

        SetLength(length);
        Flush();
    }

    /// <summary>Takes a turned bit back.</summary>
    public void TurnBack((long Position, byte Was) turned) => _pages[turned.Position / PageSize][turned.Position % PageSize] = turned.Was;

    /// <summary>The pages that hold anything but zeros, in order.</summary>
    public IEnumerable<(long Page, byte[] Bytes)> NonZeroPages()
    {
        foreach ((long page, byte[] bytes) in _pages)
        {
            if (bytes.AsSpan().ContainsAnyExcept((byte)0))
            {
                yield return (page, bytes);
            }
        }
    }

    /// <summary>Flips a bit that was never promised to be durable.</summary>
    private void Flip(long page, byte[] mixed, byte[]? flushed, SeededRandom random)
    {
        int start = random.Next(PageSize);
        for (int i = 0; i < PageSize; i++)
        {
            int at = (start + i) % PageSize;
            if (mixed[at] != (flushed?[at] ?? 0))
            {
                _turned.Add(((page * PageSize) + at, mixed[at]));
                mixed[at] ^= (byte)(1 << random.Next(8));
                return;
            }
        }
    }

    private byte[] Touch(long page)
    {
        bool present = _pages.TryGetValue(page, out byte[]? bytes);
        if (!_flushedPages.ContainsKey(page))
        {
            _flushedPages[page] = bytes?.ToArray();
        }

        return present ? bytes! : _pages[page] = new byte[PageSize];
    }

    /// <summary>Bytes beyond the length read as zeros if the file grows again.</summary>
    private void Truncate(long length)
    {
        long firstFree = (length + PageSize - 1) / PageSize;
        foreach (long page in _pages.Keys.Where(page => page >= firstFree).ToList())
        {
            Touch(page);
            _pages.Remove(page);
        }

        int kept = (int)(length % PageSize);
        if (kept > 0 && _pages.ContainsKey(length / PageSize))
        {
            Touch(length / PageSize).AsSpan(kept).Clear();
        }
    }
}
