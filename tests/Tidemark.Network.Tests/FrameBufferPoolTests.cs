using System.Buffers;
using Tidemark.Network.Buffers;

namespace Tidemark.Network.Tests;

public class FrameBufferPoolTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(10_000_000)]
    public void A_buffer_is_at_least_as_large_as_asked_for(int size)
    {
        using var pool = new FrameBufferPool();
        using IMemoryOwner<byte> owner = pool.Rent(size);
        Assert.True(owner.Memory.Length >= size);
        owner.Memory.Span[..size].Fill(7);
        Assert.False(owner.Memory.Span[..size].ContainsAnyExcept((byte)7));
    }

    [Fact]
    public void A_released_buffer_is_the_next_to_be_used_and_its_old_owner_cannot_reach_it()
    {
        using var pool = new FrameBufferPool();
        IMemoryOwner<byte> first = pool.Rent(200_000);
        first.Memory.Span[0] = 42;
        first.Dispose();
        first.Dispose();
        Assert.Equal(0, pool.RentedCount);
        using IMemoryOwner<byte> second = pool.Rent(150_000);
        Assert.Equal(42, second.Memory.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => first.Memory);
    }

    [Fact]
    public void What_is_kept_is_bounded_and_goes_when_it_is_not_used()
    {
        using var pool = new FrameBufferPool(keptBytesMax: 1 << 20);
        List<IMemoryOwner<byte>> owners = [.. Enumerable.Range(0, 50).Select(_ => pool.Rent(100_000))];
        owners.ForEach(owner => owner.Dispose());
        Assert.InRange(pool.KeptBytes, 900_000, 1 << 20);
        pool.Trim();
        using (pool.Rent(100_000))
        {
        }

        pool.Trim();
        Assert.Equal(100_000, pool.KeptBytes);
        pool.Trim();
        Assert.Equal(0, pool.KeptBytes);
    }
}
