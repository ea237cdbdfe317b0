namespace MediaRelay.Qos.IO.Links;

/// <content>Faults of our own: one that a link brought costs that link, any other costs the engine, and neither ends the owner.</content>
internal abstract partial class EngineLoop
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);
    private TimeSpan _pause;
    private TimeSpan _restartedAt = TimeSpan.MinValue;
    private int _restarts;

    /// <summary>Says what happened and closes the link that brought it; the rest goes on.</summary>
    protected void Contain(Exception fault, int link)
    {
        LogFault(fault, link);
        try
        {
            if (_links.TryGetValue(link, out SocketLink? bad)) Shut(link, bad);
        }
        catch (Exception second)
        {
            LogFault(second, link);
        }
    }

    /// <summary>Hands one input to the engine. How a dial ended is left to the caller when the engine cannot take it in: nothing would dial again.</summary>
    private void HandleContained(in Item item, TimeSpan now)
    {
        try
        {
            Handle(item, now);
        }
        catch (Exception fault) when (item.Kind is not (ItemKind.Connected or ItemKind.ConnectFailed))
        {
            if (item.Kind is ItemKind.Received or ItemKind.Writable or ItemKind.Accepted) Contain(fault, item.Link);
            else LogFault(fault, item.Link);
            if (item.State is SocketLink begun) begun.Socket.Dispose();
        }
    }

    /// <summary>Closes everything and begins anew, with growing pauses when it does not help.</summary>
    private async Task RestartAsync(Exception fault)
    {
        while (true)
        {
            _pause = _restarts > 0 && Now - _restartedAt < Calm ? TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, LongestPause.Ticks)) : FirstPause;
            LogRestart(fault, _pause);
            foreach ((int link, SocketLink connection) in _links.ToArray()) Forget(link, connection);
            _restarts++;
            _restartedAt = Now;
            await Task.Delay(_pause, _clock, _stop.Token).ConfigureAwait(false);
            try
            {
                await RenewAsync().ConfigureAwait(false);
                _armedFor = TimeSpan.MaxValue;
                _mailbox.Writer.TryWrite(new Item(ItemKind.Tick, 0)); // A full mailbox wakes the owner as well.
                return;
            }
            catch (Exception again) when (again is not OperationCanceledException || !_stop.IsCancellationRequested)
            {
                fault = again;
            }
        }
    }
}
