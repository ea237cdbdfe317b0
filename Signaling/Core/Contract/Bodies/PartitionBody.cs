namespace MediaRelay.Signaling.Contract;

/// <summary>An alarm partition: the mode wanted, or the state reported.</summary>
public sealed record PartitionBody : MessageBody
{
    /// <summary>Number of the partition.</summary>
    public required byte Id { get; init; }

    /// <summary><c>away</c>, <c>stay</c>, <c>night</c> or <c>off</c>.</summary>
    public string? Mode { get; init; }

    /// <summary>In reports: <c>disarmed</c>, <c>exit</c>, <c>armed</c>, <c>entry</c> or <c>alarm</c>.</summary>
    public string? State { get; init; }

    /// <summary>In reports: what happened and what follows, one sentence for people.</summary>
    public string? Text { get; init; }

    /// <summary>Who asks, as the log names them.</summary>
    public string? User { get; init; }

    /// <summary>Hash of the code typed (<see cref="Alarms.KeypadCode.HashOf"/>); never the code.</summary>
    public string? CodeHash { get; init; }

    /// <summary>Entry delay for this arming.</summary>
    public TimeSpan? EntryDelay { get; init; }

    /// <summary>Exit delay for this arming.</summary>
    public TimeSpan? ExitDelay { get; init; }

    /// <summary>Zones left out of this arming.</summary>
    public IReadOnlyList<ushort> Bypass { get; init; } = [];
}
