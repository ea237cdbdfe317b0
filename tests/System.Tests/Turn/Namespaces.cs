using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MediaRelay.System.Tests.Turn;

/// <summary>Runs test code inside a network namespace; sockets opened there stay there.</summary>
internal static partial class Namespaces
{
    private const int NetworkFlag = 0x40000000;

    public static T Run<T>(string name, Func<T> action)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{name}");
                if (SetNamespace((int)file.DangerousGetHandle(), NetworkFlag) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                result = action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw new InvalidOperationException(failure.Message, failure);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int type);
}
