namespace MediaRelay.Turn.IO.Shards;

/// <summary>Plain numbers of a shard that the engine does not know. Written by its thread, read by metrics at any time.</summary>
internal sealed class ShardCounters
{
    public long Turns;
    public long SystemCalls;

    /// <summary>Media dropped, oldest first, because the shard could not keep up.</summary>
    public long DroppedOverload;

    /// <summary>Datagrams that the kernel dropped because the receive buffer of a listener or relay port was full.</summary>
    public long DroppedByKernel;

    /// <summary>Datagrams that could not be sent.</summary>
    public long SendFailures;

    /// <summary>Times that all receive buffers of the loop were taken; nothing is lost by that.</summary>
    public long BufferShortages;

    /// <summary>Media dropped because a stream client reads too slowly.</summary>
    public long DroppedSlowClient;

    /// <summary>Relay sockets open.</summary>
    public long RelaySockets;

    /// <summary>Times the thread failed and was started again.</summary>
    public long Restarts;

    /// <summary>Monotonic time of the last turn in ticks, for the health check.</summary>
    public long LastTurn;
}
