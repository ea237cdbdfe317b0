namespace MediaRelay.Signaling.Contract;

/// <summary>A logical directive: a filter, trigger or schedule that the gateway carries out by itself.</summary>
public sealed record DirectiveBody : MessageBody
{
    /// <summary>The directive's identifier.</summary>
    public required string Id { get; init; }

    /// <summary>Grows with every change; a lower one is refused.</summary>
    public required uint Version { get; init; }

    /// <summary><c>filter</c>, <c>trigger</c> or <c>schedule</c>; null in a deletion or a report.</summary>
    public string? Type { get; init; }

    /// <summary>False switches it off without forgetting it.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>In reports: <c>stored</c>, <c>deleted</c> or <c>fired</c>.</summary>
    public string? State { get; init; }

    /// <summary>In reports: SHA-256 of the directive as stored.</summary>
    public string? Hash { get; init; }

    /// <summary>Schedules: the local time of day.</summary>
    public TimeOnly? At { get; init; }

    /// <summary>Schedules: days <c>mon</c> to <c>sun</c>; none means every day.</summary>
    public IReadOnlyList<string> Days { get; init; } = [];

    /// <summary>Filters: reports closer together than this are held back.</summary>
    public TimeSpan? MinInterval { get; init; }

    /// <summary>Filters: changes of a number smaller than this are held back.</summary>
    public decimal? MinChange { get; init; }

    /// <summary>Any of these starts it.</summary>
    public IReadOnlyList<DirectiveCondition> When { get; init; } = [];

    /// <summary>All of these must hold.</summary>
    public IReadOnlyList<DirectiveCondition> If { get; init; } = [];

    /// <summary>What is done, in order.</summary>
    public IReadOnlyList<DirectiveAction> Do { get; init; } = [];
}
