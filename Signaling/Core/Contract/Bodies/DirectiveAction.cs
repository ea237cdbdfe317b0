namespace MediaRelay.Signaling.Contract;

/// <summary>What a directive does.</summary>
public sealed record DirectiveAction
{
    /// <summary><c>property.set</c>, <c>partition.arm</c>, <c>event.raise</c> or <c>clip.record</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The device acted on.</summary>
    public string? Device { get; init; }

    /// <summary>The property set.</summary>
    public string? Property { get; init; }

    /// <summary>The value set, or the text of the event.</summary>
    public string? Value { get; init; }

    /// <summary>The partition armed.</summary>
    public byte? Partition { get; init; }

    /// <summary>The mode it is armed to.</summary>
    public string? Mode { get; init; }

    /// <summary>The kind of event raised.</summary>
    public string? Event { get; init; }

    /// <summary>Priority of that event.</summary>
    public string? Priority { get; init; }

    /// <summary>How long after the trigger the action is done.</summary>
    public TimeSpan Delay { get; init; }
}
