using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Events;

/// <summary>One event of a gateway, or of the Event Server about a gateway (sma-sig-1 sections 4 and 5).</summary>
public sealed record SmaEvent
{
    /// <summary>How far a sender's clock may be ahead before its times are no longer believed.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(10);

    /// <summary>No sender is older; a clock before it was never set.</summary>
    private static readonly DateTimeOffset s_earliest = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Unique text made by the sender.</summary>
    public required string Id { get; init; }

    /// <summary>+1 per event of one gateway and epoch; 1 is the first.</summary>
    public required ulong Seq { get; init; }

    /// <summary>When it happened, by the sender's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What happened; see <see cref="SmaEventKinds"/>. Unknown kinds are kept.</summary>
    public required string Kind { get; init; }

    /// <summary>How urgent it is.</summary>
    public EventPriority Priority { get; init; } = EventPriority.Status;

    /// <summary>The message that led to this one.</summary>
    public string? Cause { get; init; }

    /// <summary>Contact ID code, e.g. 130.</summary>
    public string? Code { get; init; }

    /// <summary>Alarm partition.</summary>
    public byte? Partition { get; init; }

    /// <summary>Alarm zone.</summary>
    public ushort? Zone { get; init; }

    /// <summary>In alarms: how the partition was armed. An alarm may overtake the report that says so, and what operators may see rests on it.</summary>
    public string? Mode { get; init; }

    /// <summary>In alarms: the partition's state afterwards.</summary>
    public string? State { get; init; }

    /// <summary>True when the sender's clock was not set; <see cref="Time"/> then means nothing.</summary>
    public bool IsClockUnset { get; init; }

    /// <summary>Time since the sender started, when its clock was not set.</summary>
    public TimeSpan? Monotonic { get; init; }

    /// <summary>The device it is about.</summary>
    public DeviceBody? Device { get; init; }

    /// <summary>What else it carries.</summary>
    public MessageBody? Body { get; init; }

    /// <summary>When it happened, as far as the sender's clock can be believed: a clock that is not set, or far ahead, says nothing, and the time of receipt stands in.</summary>
    public DateTimeOffset HappenedAt(DateTimeOffset received) => Believed(Time, received);

    /// <summary>The same for another time that the sender gave with this event.</summary>
    public DateTimeOffset Believed(DateTimeOffset at, DateTimeOffset received) => IsClockUnset || at < s_earliest || at > received + ClockTolerance ? received : at;
}
