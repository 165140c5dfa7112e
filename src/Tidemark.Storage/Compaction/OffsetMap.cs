using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tidemark.Storage.Compaction;

/// <summary>
/// The last offset of every key, in bounded memory: a key is kept as 128 bits of its SHA-256, which no two keys share by chance or
/// by design. Open addressing; grows by doubling up to its bound, of which nine tenths may be used.
/// </summary>
internal sealed class OffsetMap
{
    /// <summary>Two words of hash and the offset.</summary>
    public const int SlotBytes = 24;

    private const int FirstSlots = 1024;
    private const double LoadMax = 0.9;
    private readonly long _slotsMax;
    private Slot[] _slots;

    public OffsetMap(long bytesMax)
    {
        _slotsMax = Math.Clamp(bytesMax / SlotBytes, 16, Array.MaxLength);
        _slots = new Slot[Math.Min(FirstSlots, _slotsMax)];
    }

    public int Count { get; private set; }

    /// <summary>The last offset that was looked at; what lies behind it is not judged.</summary>
    public long LatestOffset { get; private set; } = -1;

    public void Advance(long offset) => LatestOffset = offset;

    /// <summary>Notes that the key stands at the offset. False when there is no room for another key.</summary>
    public bool TryPut(ReadOnlySpan<byte> key, long offset)
    {
        if (Count >= (long)(_slots.Length * LoadMax) && !TryGrow())
        {
            return false;
        }

        (ulong high, ulong low) = Hash(key);
        ref Slot slot = ref Find(_slots, high, low);
        if (!slot.Used)
        {
            (slot.High, slot.Low, slot.Used) = (high, low, true);
            Count++;
        }

        slot.Offset = offset;
        return true;
    }

    /// <summary>The key's last offset, -1 when it is not there.</summary>
    public long Get(ReadOnlySpan<byte> key)
    {
        (ulong high, ulong low) = Hash(key);
        ref Slot slot = ref Find(_slots, high, low);
        return slot.Used ? slot.Offset : -1;
    }

    private static (ulong High, ulong Low) Hash(ReadOnlySpan<byte> key)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, digest);
        return (BinaryPrimitives.ReadUInt64LittleEndian(digest), BinaryPrimitives.ReadUInt64LittleEndian(digest[8..]));
    }

    private static ref Slot Find(Slot[] slots, ulong high, ulong low)
    {
        int at = (int)(high % (ulong)slots.Length);
        while (slots[at].Used && (slots[at].High != high || slots[at].Low != low))
        {
            at = at + 1 == slots.Length ? 0 : at + 1;
        }

        return ref slots[at];
    }

    private bool TryGrow()
    {
        if (_slots.Length >= _slotsMax)
        {
            return false;
        }

        var larger = new Slot[Math.Min(_slots.Length * 2L, _slotsMax)];
        foreach (Slot slot in _slots)
        {
            if (slot.Used)
            {
                Find(larger, slot.High, slot.Low) = slot;
            }
        }

        _slots = larger;
        return true;
    }

    private struct Slot
    {
        public ulong High;
        public ulong Low;

        /// <summary>One more than the offset, so that an untouched slot is an empty one.</summary>
        private long _offsetPlusOne;

        public long Offset
        {
            readonly get => _offsetPlusOne - 1;
            set => _offsetPlusOne = value + 1;
        }

        public bool Used
        {
            readonly get => _offsetPlusOne != 0;
            set => _offsetPlusOne = value ? Math.Max(_offsetPlusOne, 1) : 0;
        }
    }
}
