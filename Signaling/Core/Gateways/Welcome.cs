namespace MediaRelay.Signaling.Gateways;

/// <summary>The server's answer to a hello.</summary>
public sealed record Welcome
{
    /// <summary>The gateway.</summary>
    public required string Gateway { get; init; }

    /// <summary>Token of the server's instruction counter.</summary>
    public required string Epoch { get; init; }

    /// <summary>The major version to use.</summary>
    public required byte Major { get; init; }

    /// <summary>The server's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The gateway makes at least one request within this time.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>How long a GET for instructions is held, at most.</summary>
    public required TimeSpan Hold { get; init; }

    /// <summary>After an outage the gateway spreads its return over this time.</summary>
    public required TimeSpan Jitter { get; init; }

    /// <summary>The last event of this epoch below which the server misses nothing; it is more than the gateway ever made when that has lost its counter.</summary>
    public required ulong LastEvent { get; init; }

    /// <summary>Instructions up to this number are done with; a gateway that lost its counter starts here.</summary>
    public ulong LastInstruction { get; init; }

    /// <summary>Events in one POST, at most.</summary>
    public required ushort MaxEvents { get; init; }

    /// <summary>Octets in one request, at most.</summary>
    public required uint MaxBody { get; init; }

    /// <summary>The gateway renews its certificate before this time.</summary>
    public DateTimeOffset? RenewBefore { get; init; }

    /// <summary>Version of the configuration the gateway should have.</summary>
    public string? Config { get; init; }
}
