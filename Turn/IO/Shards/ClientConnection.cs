namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// A client over TCP, TLS or DTLS as its shard sees it. The shard calls from its own thread; what the client sends comes the other
/// way through <see cref="ShardInbox"/>.
/// </summary>
internal abstract class ClientConnection
{
    /// <summary>The node's number for the connection, above 0.</summary>
    public required int Number { get; init; }

    public required FiveTuple Client { get; init; }

    /// <summary>Set by the shard: an allocation exists, so the connection is no longer a stranger's.</summary>
    public bool HasAllocation { get; set; }

    /// <summary>Queues bytes towards the client; media is dropped (false) when the client reads too slowly.</summary>
    public abstract bool TrySend(ReadOnlySpan<byte> bytes, bool isMedia);

    /// <summary>Closes after what is queued was written, or after a short time.</summary>
    public abstract void Close();

    /// <summary>Sends what follows from the client to another shard.</summary>
    public abstract void MoveTo(RelayShard shard);
}
