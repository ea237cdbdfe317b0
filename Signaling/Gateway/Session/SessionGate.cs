namespace MediaRelay.Gateway.Session;

/// <summary>What waits for the session with the server waits here. Losing the session twice at once, from two tasks, loses it once.</summary>
public sealed class SessionGate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when there is a session.</summary>
    public Task WhenOpen
    {
        get
        {
            lock (_lock)
                return _opened.Task;
        }
    }

    /// <summary>There is a session.</summary>
    public void Open()
    {
        lock (_lock)
            _opened.TrySetResult();
    }

    /// <summary>The session is lost; harmless when it was already.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_opened.Task.IsCompleted)
                _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
