using System.Collections.Concurrent;
using System.Diagnostics;

namespace MediaRelay.Media.IO.Children;

/// <summary>
/// Starts child processes from one thread that lives as long as this process. The kernel ties the parent-death signal to the thread
/// that forked, so a child started from a pool thread would be killed when the pool retires that thread.
/// </summary>
internal static class ChildSpawner
{
    private static readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> Requests = [];

    static ChildSpawner() => new Thread(Run) { IsBackground = true, Name = "child-spawner" }.Start();

    /// <summary>Starts a program that the kernel kills when this process ends, however it ends.</summary>
    public static Task<Process> StartAsync(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("setpriv")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])["--pdeathsig", "KILL", "--", program]) start.ArgumentList.Add(argument);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Requests.Add((start, started));
        return started.Task;
    }

    private static void Run()
    {
        foreach (var (start, started) in Requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                started.SetException(e);
            }
        }
    }
}
