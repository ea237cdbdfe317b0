namespace MediaRelay.Signaling.Access;

/// <summary>What may be asked of a home, its records, or the system.</summary>
public enum HomeAction
{
    /// <summary>State, zones, devices and the age of every value.</summary>
    ViewState,

    /// <summary>Arm a partition.</summary>
    Arm,

    /// <summary>Leave a zone out of arming, or watch it again.</summary>
    Bypass,

    /// <summary>Disarm a partition, which cancels an open alarm.</summary>
    Disarm,

    /// <summary>Set a property of a device, e.g. a light or a thermostat.</summary>
    ControlDevice,

    /// <summary>Open a lock.</summary>
    Unlock,

    /// <summary>Live video and sound, and still pictures.</summary>
    LookIn,

    /// <summary>Speak into the home.</summary>
    Talk,

    /// <summary>Recorded clips.</summary>
    ViewClips,

    /// <summary>The timeline and incidents of the home.</summary>
    ViewIncidents,

    /// <summary>Claim, note, call and close an alarm.</summary>
    WorkAlarm,

    /// <summary>Extend a look-in window or take over a claimed alarm.</summary>
    SuperviseAlarm,

    /// <summary>Zones, devices, directives and cameras of the home.</summary>
    ConfigureHome,

    /// <summary>Alert settings, user codes and guests of the home.</summary>
    ManageUsers,

    /// <summary>Who looked in, and when.</summary>
    ViewAudit,

    /// <summary>Gateways, relays, gates, sessions and journal health of the whole system.</summary>
    OperateSystem,

    /// <summary>Ask the cable network for bandwidth of a home for a while.</summary>
    RequestBandwidth,

    /// <summary>Claim codes, gateway certificates and configuration.</summary>
    Provision,
}
