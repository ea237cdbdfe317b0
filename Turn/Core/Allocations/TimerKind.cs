namespace MediaRelay.Turn.Allocations;

/// <summary>What a timer of the wheel belongs to; the upper 3 bits of its payload, the rest is a position.</summary>
internal enum TimerKind : uint
{
    /// <summary>An allocation's half may have expired.</summary>
    Allocation = 0,

    /// <summary>A permission may have expired.</summary>
    Permission = 1,

    /// <summary>A channel binding may have expired.</summary>
    Channel = 2,

    /// <summary>A reserved port was not claimed in time.</summary>
    Reservation = 3,

    /// <summary>A TCP peer connection was not connected or bound in time.</summary>
    Connection = 4,
}
