using System.Runtime.InteropServices;

namespace MediaRelay.Media.IO.Net;

/// <summary>The few Linux calls of the media loop that the framework has no allocation-free form for.</summary>
internal static unsafe partial class SystemCalls
{
    public const int EpollIn = 1;
    public const int EpollAdd = 1;
    public const int EpollDelete = 2;
    public const int CloseOnExec = 0x80000;
    public const int NonBlocking = 0x800;
    public const int DontWait = 0x40;
    public const int Again = 11;
    public const int Interrupted = 4;

    [LibraryImport("libc", SetLastError = true)] public static partial int epoll_create1(int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial int epoll_ctl(int epoll, int operation, int descriptor, byte* entry);
    [LibraryImport("libc", SetLastError = true)] public static partial int epoll_wait(int epoll, byte* entries, int most, int milliseconds);
    [LibraryImport("libc", SetLastError = true)] public static partial int eventfd(uint initial, int flags);
    [LibraryImport("libc", SetLastError = true)] public static partial nint read(int descriptor, void* buffer, nuint length);
    [LibraryImport("libc", SetLastError = true)] public static partial nint write(int descriptor, void* buffer, nuint length);
    [LibraryImport("libc")] public static partial int close(int descriptor);
    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvfrom(int descriptor, byte* buffer, nuint length, int flags, byte* address, int* addressLength);
    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendto(int descriptor, byte* buffer, nuint length, int flags, byte* address, int addressLength);
}
