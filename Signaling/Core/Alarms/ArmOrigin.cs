namespace MediaRelay.Signaling.Alarms;

/// <summary>How a wish to arm or disarm came; central stations are told (Contact ID 401, 407, 403).</summary>
public enum ArmOrigin
{
    /// <summary>Somebody typed a code.</summary>
    Keypad,

    /// <summary>Somebody logged in, from wherever.</summary>
    Remote,

    /// <summary>A schedule or another directive.</summary>
    Automatic,
}
