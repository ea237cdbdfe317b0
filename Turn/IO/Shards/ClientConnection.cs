namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// A client over TCP, TLS or DTLS as its shard sees it. The shard calls from its own thread; what the client sends comes the other
/// way through <see cref="ShardInbox"/>.
/// </summary>
internal abstract class ClientConnection
{
    private bool _hasAllocation;

    /// <summary>The node's number for the connection, above 0.</summary>
    public required int Number { get; init; }

    public required FiveTuple Client { get; init; }

    /// <summary>When it was accepted or last became a stranger again, monotonic.</summary>
    public TimeSpan Since { get; set; }

    /// <summary>A whole message has come.</summary>
    public bool HasSpoken { get; set; }

    /// <summary>Place in <see cref="Streams.PendingConnections"/>; null for a connection with an allocation.</summary>
    public LinkedListNode<ClientConnection>? Pending { get; set; }

    public required Streams.PendingConnections Strangers { get; init; }

    /// <summary>Set by the shard: an allocation or a joined peer exists, so the limits for strangers do not apply.</summary>
    public bool HasAllocation
    {
        get => _hasAllocation;
        set
        {
            if (_hasAllocation == value)
                return;
            _hasAllocation = value;
            if (value)
                Strangers.Remove(this);
            else
                Strangers.AddAgain(this);
        }
    }

    /// <summary>Queues bytes towards the client; media is dropped (false) when the client reads too slowly.</summary>
    public abstract bool TrySend(ReadOnlySpan<byte> bytes, bool isMedia);

    /// <summary>Closes after what is queued was written, or after a short time.</summary>
    public abstract void Close();

    /// <summary>Closes at once, whatever is queued.</summary>
    public virtual void Abort() => Close();

    /// <summary>Sends what follows from the client to another shard.</summary>
    public abstract void MoveTo(RelayShard shard);

    /// <summary>A ConnectionBind was answered: with the peer to join, or null when it failed. Only streams wait for it.</summary>
    public virtual void CompleteBind(Streams.PeerStream? peer)
    {
    }
}
