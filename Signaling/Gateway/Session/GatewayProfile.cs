using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway.Session;

/// <summary>Who the gateway is and what stands in the home.</summary>
public sealed record GatewayProfile
{
    /// <summary>The gateway's id.</summary>
    public required string Id { get; init; }

    /// <summary>Name and version of the software.</summary>
    public string Software { get; init; } = "mediarelay";

    /// <summary>Devices of the configuration.</summary>
    public IReadOnlyList<DeviceBody> Devices { get; init; } = [];

    /// <summary>Alarm zones.</summary>
    public IReadOnlyList<Zone> Zones { get; init; } = [];

    /// <summary>Exit delay when an arming names none.</summary>
    public TimeSpan ExitDelay { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Time zone of the home.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Folder for downloads; null refuses them.</summary>
    public string? Folder { get; init; }

    /// <summary>True when the system's clock is not to be believed; the server's is taken at the hello in any case.</summary>
    public bool IsClockUnset { get; init; }

    /// <summary>A system clock before this is not set: the time at which the gateway's certificate was made.</summary>
    public DateTimeOffset ClockFloor { get; init; } = GatewayClock.Era;
}
