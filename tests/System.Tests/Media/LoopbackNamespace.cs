using System.Diagnostics;
using System.Runtime.InteropServices;
using MediaRelay.Media.IO;

namespace MediaRelay.System.Tests.Media;

/// <summary>A network namespace in which only loopback is up; made and removed by the test.</summary>
internal sealed partial class LoopbackNamespace : IDisposable
{
    private static int _count;

    public LoopbackNamespace()
    {
        Name = $"mr-media-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
        Run("ip", "netns", "add", Name);
        Run("ip", "-n", Name, "link", "set", "lo", "up");
    }

    public string Name { get; }

    /// <summary>Gives the namespace one more address, for peers that do not use loopback ones; nothing outside is reachable through it.</summary>
    public void AddAddress(string address)
    {
        Run("ip", "-n", Name, "link", "add", "own0", "type", "veth", "peer", "name", "own1");
        Run("ip", "-n", Name, "addr", "add", address + "/24", "dev", "own0");
        Run("ip", "-n", Name, "link", "set", "own0", "up");
        Run("ip", "-n", Name, "link", "set", "own1", "up");
    }

    /// <summary>Moves a host's media loop into the namespace, so that its sockets are opened there.</summary>
    public Task EnterAsync(MediaHost host) => EnterAsync(host, Name);

    /// <summary>The same for any namespace.</summary>
    public static Task EnterAsync(MediaHost host, string name) => SetAsync(host, $"/run/netns/{name}");

    /// <summary>Moves the loop back; sockets that it opened stay where they are, and ffmpeg children are reachable again.</summary>
    public static Task LeaveAsync(MediaHost host) => SetAsync(host, "/proc/self/ns/net");

    public void Dispose() => Run("ip", "netns", "delete", Name);

    private static Task SetAsync(MediaHost host, string path) => host.Loop.InvokeAsync(() =>
    {
        using var handle = File.OpenHandle(path);
        if (setns((int)handle.DangerousGetHandle(), 0x40000000) != 0) throw new InvalidOperationException($"setns failed with {Marshal.GetLastPInvokeError()}.");
    });

    internal static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int kind);
}
