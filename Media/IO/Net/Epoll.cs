using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MediaRelay.Media.IO.Net;

/// <summary>Waits for many descriptors and for a wake-up from other threads.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int MostReady = 256;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int KeyOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EntrySize = KeyOffset + 8;

    private readonly int _epoll = Check(SystemCalls.epoll_create1(SystemCalls.CloseOnExec));
    private readonly int _wake = Check(SystemCalls.eventfd(0, SystemCalls.CloseOnExec | SystemCalls.NonBlocking));
    private readonly byte* _ready = (byte*)NativeMemory.AllocZeroed((nuint)(16 * MostReady));

    public Epoll() => Control(SystemCalls.EpollAdd, _wake, -1);

    public void Add(int descriptor, int key) => Control(SystemCalls.EpollAdd, descriptor, key);

    public void Remove(int descriptor) => Control(SystemCalls.EpollDelete, descriptor, 0);

    /// <summary>Ends a wait that is going on, or the next one.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = SystemCalls.write(_wake, &one, 8);
    }

    /// <summary>Waits at most the given milliseconds (-1 for ever) and writes the keys of the readable descriptors.</summary>
    public int Wait(int milliseconds, Span<int> keys)
    {
        var count = SystemCalls.epoll_wait(_epoll, _ready, Math.Min(MostReady, keys.Length), milliseconds);
        if (count < 0)
        {
            if (Marshal.GetLastPInvokeError() == SystemCalls.Interrupted) return 0;
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
        var found = 0;
        for (var i = 0; i < count; i++)
        {
            var key = *(int*)(_ready + i * EntrySize + KeyOffset);
            if (key >= 0)
            {
                keys[found++] = key;
                continue;
            }
            ulong value;
            _ = SystemCalls.read(_wake, &value, 8);
        }
        return found;
    }

    public void Dispose()
    {
        _ = SystemCalls.close(_wake);
        _ = SystemCalls.close(_epoll);
        NativeMemory.Free(_ready);
    }

    private void Control(int operation, int descriptor, int key)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = SystemCalls.EpollIn;
        *(int*)(entry + KeyOffset) = key;
        *(int*)(entry + KeyOffset + 4) = 0;
        Check(SystemCalls.epoll_ctl(_epoll, operation, descriptor, entry));
    }

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());
}
