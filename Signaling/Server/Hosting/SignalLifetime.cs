using System.Runtime.InteropServices;

namespace MediaRelay.Server.Hosting;

/// <summary>
/// The first SIGTERM, SIGINT or SIGQUIT starts a planned stop (drain); the second one ends the process at once with exit code 130.
/// Replaces the framework's console lifetime, which knows only the first.
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime lifetime) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _count;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }

        lifetime.ApplicationStarted.Register(() => SystemdNotifier.Ready("serving"));
        lifetime.ApplicationStopping.Register(SystemdNotifier.Stopping);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) == 1)
        {
            // Not on the signal thread: drain work may block it and the second signal must still get through.
            ThreadPool.UnsafeQueueUserWorkItem(static state => ((IHostApplicationLifetime)state!).StopApplication(), lifetime);
            return;
        }

        NativeExit(130);
    }

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
#pragma warning disable SYSLIB1054 // one call without marshalling; a generated stub would need unsafe code here for nothing
    private static extern void NativeExit(int code);
#pragma warning restore SYSLIB1054
}
