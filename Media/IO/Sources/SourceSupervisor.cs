using MediaRelay.Media.IO.Cameras;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Media.IO.Sources;

/// <summary>
/// Runs a camera's connection while anybody uses it: starts with the first user, tries again with a growing pause when it fails, and
/// stops some time after the last user left.
/// </summary>
internal sealed partial class SourceSupervisor(ICamera camera, ICameraSink sink, MediaOptions options, TimeProvider time, ILogger logger, Action<string?> stateChanged)
    : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan GoodRun = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private int _users;
    private CancellationTokenSource? _running;
    private Task _run = Task.CompletedTask;
    private ITimer? _idle;
    private bool _disposed;

    public int Users => Volatile.Read(ref _users);

    public bool IsRunning => Volatile.Read(ref _running) is not null;

    /// <summary>Counts a user in and starts the camera when needed.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _users++;
            _idle?.Dispose();
            _idle = null;
            if (_running is not null) return;
            _running = new CancellationTokenSource();
            var token = _running.Token;
            var before = _run;
            _run = Task.Run(() => RunAsync(before, token), CancellationToken.None);
        }
    }

    /// <summary>Counts a user out; the last one starts the idle time.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (--_users > 0 || _disposed) return;
            _idle ??= time.CreateTimer(static s => ((SourceSupervisor)s!).StopWhenIdle(), this, options.IdleTimeout, Timeout.InfiniteTimeSpan);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            _idle?.Dispose();
            _running?.Cancel();
            _running = null;
        }
        await _run;
    }

    private void StopWhenIdle()
    {
        lock (_gate)
        {
            _idle?.Dispose();
            _idle = null;
            if (_users > 0 || _running is null) return;
            _running.Cancel();
            _running = null;
        }
        LogIdle(camera.Name);
    }

    private async Task RunAsync(Task before, CancellationToken stop)
    {
        await before;
        var pause = FirstPause;
        while (!stop.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                LogConnecting(camera.Name);
                await camera.RunAsync(sink, stop);
            }
            catch (CameraException e)
            {
                LogFailed(camera.Name, e.Message);
                stateChanged(e.Message);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) // A camera's bug must not leave its viewers without retries.
            {
                LogFault(e, camera.Name);
                stateChanged("an internal fault");
            }
            if (time.GetElapsedTime(started) > GoodRun) pause = FirstPause;
            try
            {
                // Spread, so that the cameras behind one switch do not come back in one moment.
                await Task.Delay(pause * (0.8 + 0.4 * Random.Shared.NextDouble()), time, stop);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            pause = pause * 2 < options.CameraRetryMax ? pause * 2 : options.CameraRetryMax;
        }
        stateChanged(null);
    }

    [LoggerMessage(EventId = 2100, EventName = "CameraConnecting", Level = LogLevel.Information, Message = "Connecting to camera {Camera}.")]
    private partial void LogConnecting(string camera);

    [LoggerMessage(EventId = 2101, EventName = "CameraFailed", Level = LogLevel.Warning, Message = "Camera {Camera} gives no media and will be tried again: {Reason}")]
    private partial void LogFailed(string camera, string reason);

    [LoggerMessage(EventId = 2102, EventName = "CameraIdle", Level = LogLevel.Information, Message = "Camera {Camera} has had no viewer for the idle time and is let go.")]
    private partial void LogIdle(string camera);

    [LoggerMessage(EventId = 2103, EventName = "CameraFault", Level = LogLevel.Critical, Message = "The connection to camera {Camera} met a fault of ours and is made anew.")]
    private partial void LogFault(Exception fault, string camera);
}
