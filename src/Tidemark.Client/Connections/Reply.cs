using System.Buffers;

namespace Tidemark.Client.Connections;

/// <summary>An answer together with the pooled bytes that its records are views on. Dispose it when they are no longer needed.</summary>
public sealed class Reply<TResponse>(TResponse message, byte[] frame) : IDisposable
{
    private byte[]? _frame = frame;

    public TResponse Message => message;

    public void Dispose()
    {
        byte[]? returned = Interlocked.Exchange(ref _frame, null);
        if (returned is not null)
        {
            ArrayPool<byte>.Shared.Return(returned);
        }
    }
}
