using System.Text;

namespace Tidemark.Commands;

/// <summary>Standard input, line by line.</summary>
internal sealed class LineInput : IDisposable
{
    private readonly StreamReader _reader = new(StandardInput.Open(), new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, 64 * 1024);

    /// <summary>The next line; null at the end.</summary>
    /// <exception cref="CommandException">It cannot be read, as where it is a directory.</exception>
    public async Task<string?> NextAsync(CancellationToken cancellation)
    {
        try
        {
            // A read of a terminal or a pipe cannot be cancelled; it is left behind when Ctrl-C comes, so that there is time to write or to abort what was read.
            return await _reader.ReadLineAsync(CancellationToken.None).AsTask().WaitAsync(cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"cannot read standard input: {failure.Message}");
        }
    }

    public void Dispose() => _reader.Dispose();
}
