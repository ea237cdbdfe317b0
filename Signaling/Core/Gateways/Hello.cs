namespace MediaRelay.Signaling.Gateways;

/// <summary>What a gateway says when it starts a session.</summary>
public sealed record Hello
{
    /// <summary>The gateway.</summary>
    public required string Gateway { get; init; }

    /// <summary>Token of its event counter; a new one when the counter was lost.</summary>
    public required string Epoch { get; init; }

    /// <summary>Major versions of the contract it speaks.</summary>
    public required IReadOnlyList<byte> Majors { get; init; }

    /// <summary>Name and version of its software.</summary>
    public required string Software { get; init; }

    /// <summary>Name and version of its hardware.</summary>
    public string? Hardware { get; init; }

    /// <summary>Optional features, e.g. <c>sse</c>, <c>clips</c>.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>The last event it has made.</summary>
    public required ulong LastEvent { get; init; }

    /// <summary>The oldest event it still holds; 0 when it does not say.</summary>
    public ulong FirstEvent { get; init; }

    /// <summary>The last instruction it has carried out.</summary>
    public required ulong LastInstruction { get; init; }

    /// <summary>Epoch of that instruction; null when it never got one.</summary>
    public string? InstructionEpoch { get; init; }

    /// <summary>Its clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>True when that clock was never set.</summary>
    public bool IsClockUnset { get; init; }

    /// <summary>Version of its configuration.</summary>
    public string? Config { get; init; }
}
