namespace MediaRelay.Signaling.Access;

/// <summary>
/// Which changes of a device may open the home, and so need the right to unlock. What is not known to be harmless is taken for a lock, and of a
/// lock everything but closing it is taken for opening: a new kind of device or a new word for "open" must not get around the right.
/// </summary>
public static class LockRule
{
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "light", "dimmer", "switch", "outlet", "plug", "siren", "shade", "thermostat", "fan", "contact", "motion", "smoke", "water", "glass-break", "thermometer", "hygrometer", "meter", "button", "keypad", "camera",
    };

    /// <summary>True when setting the property may open something.</summary>
    /// <param name="type">The device's type, null when it is not known (yet).</param>
    /// <param name="property">The property that is set.</param>
    /// <param name="value">Its new value.</param>
    public static bool MayOpen(string? type, string property, string value) => (type is null || !Harmless.Contains(type)) && !Closes(property, value);

    private static bool Closes(string property, string value) => (property, value) switch
    {
        ("locked" or "closed", "true" or "yes" or "on") => true,
        ("state" or "lock", "locked") => true,
        ("state" or "door", "closed") => true,
        ("open", "false" or "no" or "off") => true,
        _ => false,
    };
}
