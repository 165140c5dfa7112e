using System.Buffers.Binary;
using System.Numerics;

namespace Tidemark.Simulator;

/// <summary>
/// The only source of chance in a simulation: the same seed gives the same numbers on every machine and every version of .NET,
/// which <see cref="Random"/> does not promise. The generator is xoshiro256** by Blackman and Vigna, seeded through SplitMix64.
/// </summary>
public sealed class SeededRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public SeededRandom(ulong seed)
    {
        Seed = seed;
        ulong state = seed;
        _a = SplitMix(ref state);
        _b = SplitMix(ref state);
        _c = SplitMix(ref state);
        _d = SplitMix(ref state);
    }

    /// <summary>What to print when a test fails.</summary>
    public ulong Seed { get; }

    /// <summary>An independent stream, so that one part of the simulation drawing more numbers does not shift another's.</summary>
    public SeededRandom Fork() => new(NextUInt64());

    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        ulong t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 up to, not including, <paramref name="bound"/>, which is at least 1.</summary>
    public long Next(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (long)Math.BigMul(NextUInt64(), (ulong)bound, out _);
    }

    /// <summary>A number from 0 up to, not including, <paramref name="bound"/>, which is at least 1.</summary>
    public int Next(int bound) => (int)Next((long)bound);

    /// <summary>A number between both bounds, both included.</summary>
    public int Between(int lowest, int highest) => lowest + (int)Next((long)highest - lowest + 1);

    /// <summary>True with the given probability, from 0 to 1.</summary>
    public bool Chance(double probability) => (NextUInt64() >> 11) * (1.0 / (1UL << 53)) < probability;

    public void Fill(Memory<byte> memory) => Fill(memory.Span);

    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, NextUInt64());
            bytes = bytes[sizeof(ulong)..];
        }

        if (!bytes.IsEmpty)
        {
            Span<byte> last = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(last, NextUInt64());
            last[..bytes.Length].CopyTo(bytes);
        }
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
