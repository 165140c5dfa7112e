namespace Tidemark.Storage.Files;

/// <summary>Small files that are replaced as a whole: whoever reads one sees the old content or the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>What the unfinished file is called; one that is found at start was never finished and is worthless.</summary>
    public const string UnfinishedSuffix = ".tmp";

    private const int SmallBytes = 512;

    /// <summary>
    /// Writes beside, flushes, renames. Without <paramref name="durable"/> the flushes are left out: after a loss of power the
    /// file may be the old, the new or empty, so only content that carries a checksum or can be made again may do without.
    /// </summary>
    /// <exception cref="IOException">The disk failed; the old content stands.</exception>
    public static void Write(IDisk disk, string path, ReadOnlySpan<byte> content, bool durable = true)
    {
        string unfinished = path + UnfinishedSuffix;
        using (IDiskFile file = disk.OpenFile(unfinished, DiskOpen.Create))
        {
            file.Write(0, content);
            if (durable)
            {
                file.Flush();
            }
        }

        disk.Rename(unfinished, path);
        if (durable)
        {
            disk.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>The whole content; null when there is no such file.</summary>
    /// <exception cref="IOException">The disk failed, or the file is longer than <paramref name="bytesMax"/>.</exception>
    public static byte[]? Read(IDisk disk, string path, int bytesMax = 64 * 1024 * 1024)
    {
        IDiskFile opened;
        try
        {
            opened = disk.OpenFile(path, DiskOpen.Existing);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        using IDiskFile file = opened;

        // Nearly all of these files are a line or two: a read that comes back short has seen the end, without asking for the length.
        Span<byte> small = stackalloc byte[SmallBytes];
        int found = file.Read(0, small);
        if (found < small.Length)
        {
            return small[..found].ToArray();
        }

        long length = file.Length;
        if (length > bytesMax)
        {
            throw new IOException($"{path} has {length} bytes; no more than {bytesMax} were expected");
        }

        byte[] content = new byte[length];
        int read = file.Read(0, content);
        return read == content.Length ? content : content[..read];
    }
}
