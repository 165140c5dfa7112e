using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidemark.Storage.Files;

/// <summary>The few calls of the operating system that .NET does not offer: fdatasync, fsync of a directory, plain rename.</summary>
internal static partial class PosixCalls
{
    private const int NoSuchFile = 2;
    private const int Interrupted = 4;
    private const int InvalidArgument = 22;

    /// <summary>Opens for reading and writing. The flags are Linux's on every processor that .NET runs on.</summary>
    public static SafeFileHandle Open(string path, DiskOpen how)
    {
        const int ReadWrite = 0x2;
        const int CreateAbsent = 0x40;
        const int Truncate = 0x200;
        const int CloseOnExec = 0x80000;
        const int OwnerWritesAllRead = 0x1A4;
        int flags = ReadWrite | CloseOnExec | how switch
        {
            DiskOpen.Existing => 0,
            DiskOpen.OpenOrCreate => CreateAbsent,
            _ => CreateAbsent | Truncate,
        };
        while (true)
        {
            int descriptor = OpenNative(path, flags, OwnerWritesAllRead);
            if (descriptor >= 0)
            {
                return new SafeFileHandle(descriptor, ownsHandle: true);
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case NoSuchFile:
                    throw new FileNotFoundException($"There is no file {path}", path);
                default:
                    throw Failure($"open {path}");
            }
        }
    }

    /// <summary>One read by position. .NET's own asks of every handle first whether it can be read by position.</summary>
    public static int Read(SafeFileHandle file, Span<byte> into, long position, string path)
    {
        while (true)
        {
            nint read = ReadNative(file, ref MemoryMarshal.GetReference(into), (nuint)into.Length, position);
            if (read >= 0)
            {
                return (int)read;
            }

            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw Failure($"read {path}");
            }
        }
    }

    public static void Rename(string from, string to)
    {
        if (RenameNative(from, to) != 0)
        {
            throw Failure($"rename {from} to {to}");
        }
    }

    public static void FlushData(SafeFileHandle file, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        while (FlushDataNative(file) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw Failure($"flush {path}");
            }
        }
    }

    public static void SyncDirectory(string path)
    {
        // 0 is O_RDONLY on every Unix; a directory cannot be opened for anything else.
        int descriptor = OpenNative(path, 0, 0);
        if (descriptor < 0)
        {
            throw Failure($"open directory {path}");
        }

        try
        {
            // Some file systems know no fsync of a directory and say so with EINVAL; there is nothing more to do on them.
            if (SyncNative(descriptor) != 0 && Marshal.GetLastPInvokeError() is not (InvalidArgument or Interrupted))
            {
                throw Failure($"sync directory {path}");
            }
        }
        finally
        {
            _ = CloseNative(descriptor);
        }
    }

    private static IOException Failure(string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameNative(string from, string to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadNative(SafeFileHandle file, ref byte into, nuint length, long position);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FlushDataNative(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseNative(int descriptor);
}
