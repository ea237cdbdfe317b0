namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// Lets a number of handshakes run at the same time. Of those that wait the newest goes first: when thousands of gateways return at
/// once the oldest will give up anyway, and a gateway that has just made an alarm gets in within its first tries.
/// </summary>
internal sealed class HandshakeSlots(int slots)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _waiting = new();
    private int _free = slots;

    /// <summary>How many wait; who gave up is not among them.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Takes a slot; false when none came free in time.</summary>
    public async Task<bool> TakeAsync(TimeSpan patience, CancellationToken closed)
    {
        LinkedListNode<TaskCompletionSource<bool>> waiter;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return true;
            }

            waiter = _waiting.AddLast(new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(closed);
        limit.CancelAfter(patience);
        bool isTaken;
        await using (limit.Token.UnsafeRegister(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), waiter.Value).ConfigureAwait(false))
            isTaken = await waiter.Value.Task.ConfigureAwait(false);
        if (!isTaken)
        {
            // The newest goes first, so under lasting overload nobody else would ever come to this one.
            lock (_lock)
            {
                if (waiter.List is not null)
                    _waiting.Remove(waiter);
            }
        }

        return isTaken;
    }

    /// <summary>Gives a slot back.</summary>
    public void Give()
    {
        lock (_lock)
        {
            while (_waiting.Last is { } newest)
            {
                _waiting.RemoveLast();
                if (newest.Value.TrySetResult(true))
                    return;
            }

            _free++;
        }
    }
}
