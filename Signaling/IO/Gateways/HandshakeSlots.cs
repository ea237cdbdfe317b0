namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// Lets a number of handshakes run at the same time. Of those that wait the newest goes first: when thousands of gateways return at
/// once the oldest will give up anyway, and a gateway that has just made an alarm gets in within its first tries.
/// </summary>
internal sealed class HandshakeSlots(int slots)
{
    private readonly Lock _lock = new();
    private readonly Stack<TaskCompletionSource<bool>> _waiting = new();
    private int _free = slots;

    /// <summary>Takes a slot; false when none came free in time.</summary>
    public async Task<bool> TakeAsync(TimeSpan patience, CancellationToken closed)
    {
        TaskCompletionSource<bool> waiter;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return true;
            }

            waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Push(waiter);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(closed);
        limit.CancelAfter(patience);
        await using (limit.Token.UnsafeRegister(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), waiter).ConfigureAwait(false))
            return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>Gives a slot back.</summary>
    public void Give()
    {
        lock (_lock)
        {
            while (_waiting.TryPop(out TaskCompletionSource<bool>? newest))
            {
                if (newest.TrySetResult(true))
                    return;
            }

            _free++;
        }
    }
}
