namespace MediaRelay.Signaling.Access;

/// <summary>When central-station operators may see a camera; the home owner decides it per camera.</summary>
public enum CameraRule
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>While an alarm of the home is open.</summary>
    OnAlarm,

    /// <summary>While an alarm is open that was raised with the home armed away. The default for indoor cameras.</summary>
    OnAlarmWhenAway,
}
