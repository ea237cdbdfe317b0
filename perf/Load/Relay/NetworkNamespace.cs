using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MediaRelay.Load.Relay;

/// <summary>Runs code with the calling thread moved into a network namespace; sockets opened there stay there.</summary>
internal static partial class NetworkNamespace
{
    private const int NetworkFlag = 0x40000000;

    /// <summary>Runs <paramref name="action"/> on a thread of its own inside the namespace and waits for it.</summary>
    public static T Run<T>(string name, Func<T> action)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(name);
                result = action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        }) { IsBackground = true };
        thread.Start();
        thread.Join();
        return failure is null ? result : throw new InvalidOperationException($"In namespace {name}: {failure.Message}", failure);
    }

    /// <summary>Moves the calling thread for good.</summary>
    public static void Enter(string name)
    {
        using var file = File.OpenHandle($"/run/netns/{name}");
        if (SetNamespace((int)file.DangerousGetHandle(), NetworkFlag) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int type);
}
