using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tidemark.Storage.Files;

/// <summary>
/// Reads a directory with the kernel's own calls: many names a call, and of each file its length by its name within the directory.
/// .NET's enumeration walks the whole path for every file and is compiled anew at every start.
/// </summary>
internal static partial class LinuxDirectory
{
    private const int NoSuchFile = 2;
    private const int NotADirectory = 20;
    private const int Interrupted = 4;

    // The layout of linux_dirent64: inode, offset, length of this entry, type, name.
    private const int EntryLengthAt = 16;
    private const int EntryTypeAt = 18;
    private const int EntryNameAt = 19;
    private const byte TypeUnknown = 0;
    private const byte TypeDirectory = 4;
    private const byte TypeLink = 10;

    // The layout of statx, the same on every processor.
    private const int StatBytes = 256;
    private const int StatModeAt = 28;
    private const int StatSizeAt = 40;
    private const uint StatTypeAndSize = 0x1 | 0x200;
    private const int ModeTypeMask = 0xF000;
    private const int ModeDirectory = 0x4000;

    /// <summary>The entries in no order.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public static List<DiskEntry> List(string directory)
    {
        using SafeFileHandle handle = Open(directory);
        var entries = new List<DiskEntry>(8);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            while (Fill(handle, buffer, directory) is > 0 and int filled)
            {
                for (ReadOnlySpan<byte> rest = buffer.AsSpan(0, filled); !rest.IsEmpty; rest = rest[BinaryPrimitives.ReadUInt16LittleEndian(rest[EntryLengthAt..])..])
                {
                    if (Describe(handle, rest, directory) is { } entry)
                    {
                        entries.Add(entry);
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return entries;
    }

    /// <summary>Null for the directory itself and the one above, and for what went since it was listed.</summary>
    private static DiskEntry? Describe(SafeFileHandle directory, ReadOnlySpan<byte> entry, string path)
    {
        ReadOnlySpan<byte> name = entry[EntryNameAt..];
        int end = name.IndexOf((byte)0);
        byte type = entry[EntryTypeAt];
        if (name[..end] is [(byte)'.'] or [(byte)'.', (byte)'.'])
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(name[..end]);
        if (type == TypeDirectory)
        {
            return new DiskEntry(text, true, 0);
        }

        Span<byte> stat = stackalloc byte[StatBytes];
        if (Stat(directory, ref MemoryMarshal.GetReference(name), 0, StatTypeAndSize, ref MemoryMarshal.GetReference(stat)) != 0)
        {
            // A link to nowhere is an entry still; anything else that cannot be found has been removed meanwhile.
            int error = Marshal.GetLastPInvokeError();
            return error != NoSuchFile ? throw Failure(path, error) : type is TypeLink or TypeUnknown ? new DiskEntry(text, false, 0) : null;
        }

        return (BinaryPrimitives.ReadUInt16LittleEndian(stat[StatModeAt..]) & ModeTypeMask) == ModeDirectory
            ? new DiskEntry(text, true, 0)
            : new DiskEntry(text, false, BinaryPrimitives.ReadInt64LittleEndian(stat[StatSizeAt..]));
    }

    private static SafeFileHandle Open(string directory)
    {
        const int CloseOnExec = 0x80000;
        while (true)
        {
            int descriptor = OpenNative(directory, CloseOnExec, 0);
            if (descriptor >= 0)
            {
                return new SafeFileHandle(descriptor, ownsHandle: true);
            }

            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw error == NoSuchFile ? new DirectoryNotFoundException($"There is no directory {directory}") : Failure(directory, error);
            }
        }
    }

    private static int Fill(SafeFileHandle directory, byte[] buffer, string path)
    {
        nint number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 217 : 61;
        while (true)
        {
            // Through syscall: the library has had a name of its own for it only since glibc 2.30.
            nint filled = SystemCall(number, directory, ref MemoryMarshal.GetArrayDataReference(buffer), buffer.Length);
            if (filled >= 0)
            {
                return (int)filled;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == NoSuchFile)
            {
                // Removed while it was read.
                return 0;
            }

            if (error != Interrupted)
            {
                throw error == NotADirectory ? new IOException($"{path} is not a directory") : Failure(path, error);
            }
        }
    }

    private static IOException Failure(string path, int error) => new($"Cannot list {path}: {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, SafeFileHandle directory, ref byte buffer, nint bytes);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Stat(SafeFileHandle directory, ref byte name, int flags, uint mask, ref byte into);
}
