namespace MediaRelay.Signaling.Events;

/// <summary>The kinds of event of sma-sig-1, by their names on the wire.</summary>
public static class SmaEventKinds
{
    public const string SessionUp = "session.up";
    public const string SessionDown = "session.down";
    public const string DeviceAdded = "device.added";
    public const string DeviceRemoved = "device.removed";
    public const string DeviceLost = "device.lost";
    public const string DeviceBack = "device.back";
    public const string DeviceState = "device.state";
    public const string PartitionState = "partition.state";
    public const string AlarmRaised = "alarm.raised";
    public const string AlarmCancelled = "alarm.cancelled";
    public const string AlarmRestored = "alarm.restored";
    public const string EntryStarted = "entry.started";
    public const string EntryEnded = "entry.ended";
    public const string PathChanged = "path.changed";
    public const string PowerLost = "power.lost";
    public const string PowerBack = "power.back";
    public const string PowerBatteryLow = "power.battery-low";
    public const string MediaOffer = "media.offer";
    public const string MediaAnswer = "media.answer";
    public const string MediaCandidate = "media.candidate";
    public const string MediaState = "media.state";
    public const string MediaEnd = "media.end";
    public const string ClipStored = "clip.stored";
    public const string DirectiveState = "directive.state";
    public const string DirectiveFired = "directive.fired";
    public const string InstructionResult = "instruction.result";
    public const string ProvisioningState = "provisioning.state";
    public const string ContentShown = "content.shown";
    public const string ContentAnswered = "content.answered";
    public const string HomeSnapshot = "home.snapshot";
    public const string Log = "log";

    /// <summary>Made by the Event Server: nothing was heard for longer than agreed.</summary>
    public const string GatewaySuspect = "gateway.suspect";

    /// <summary>Made by the Event Server: the gateway is out of reach.</summary>
    public const string GatewayLost = "gateway.lost";

    /// <summary>Made by the Event Server: a lost or suspect gateway is back.</summary>
    public const string GatewayBack = "gateway.back";

    /// <summary>All kinds a gateway may send.</summary>
    public static IReadOnlyList<string> FromGateway { get; } =
    [
        SessionUp, SessionDown, DeviceAdded, DeviceRemoved, DeviceLost, DeviceBack, DeviceState, PartitionState, AlarmRaised, AlarmCancelled,
        AlarmRestored, EntryStarted, EntryEnded, PathChanged, PowerLost, PowerBack, PowerBatteryLow, MediaOffer, MediaAnswer, MediaCandidate,
        MediaState, MediaEnd, ClipStored, DirectiveState, DirectiveFired, InstructionResult, ProvisioningState, ContentShown, ContentAnswered,
        HomeSnapshot, Log,
    ];
}
