namespace MediaRelay.Signaling.Contract;

/// <summary>A condition of a directive: on a property, on a partition's mode, or on the time of day.</summary>
public sealed record DirectiveCondition
{
    /// <summary>The device, null for any.</summary>
    public string? Device { get; init; }

    /// <summary>The property that is compared.</summary>
    public string? Property { get; init; }

    /// <summary><c>eq ne lt le gt ge</c>, or <c>any</c> for every change; <c>eq</c> when absent.</summary>
    public string Op { get; init; } = "eq";

    /// <summary>The value compared with; numbers compare as numbers.</summary>
    public string? Value { get; init; }

    /// <summary>The partition whose mode is compared.</summary>
    public byte? Partition { get; init; }

    /// <summary>The mode it must have.</summary>
    public string? Mode { get; init; }

    /// <summary>Start of the time window, local time of the home.</summary>
    public TimeOnly? From { get; init; }

    /// <summary>End of the time window, exclusive; a window may span midnight.</summary>
    public TimeOnly? To { get; init; }
}
