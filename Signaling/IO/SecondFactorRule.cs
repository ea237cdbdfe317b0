namespace MediaRelay.Signaling.IO;

/// <summary>Who must have a second factor.</summary>
public enum SecondFactorRule
{
    /// <summary>Who enrolled one is asked for it; nobody has to.</summary>
    Optional,

    /// <summary>Staff can do nothing before they have enrolled one.</summary>
    Staff,

    /// <summary>As Staff; and the people of a home need one to look in, to disarm and to open a lock.</summary>
    Everybody,
}
