using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Random bytes for ids and sessions, straight from the operating system. .NET's own source goes through OpenSSL on Linux, whose
/// libraries are 5 MB in memory and take 20 ms to start, and which draws its seed from the same place.
/// </summary>
internal static partial class SystemRandom
{
    private const int Interrupted = 4;

    public static void Fill(Span<byte> bytes)
    {
        while (OperatingSystem.IsLinux() && !bytes.IsEmpty)
        {
            nint drawn = GetRandom(ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, 0);
            if (drawn > 0)
            {
                bytes = bytes[(int)drawn..];
            }
            else if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                break;
            }
        }

        if (!bytes.IsEmpty)
        {
            RandomNumberGenerator.Fill(bytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandom(ref byte into, nuint length, uint flags);
}
