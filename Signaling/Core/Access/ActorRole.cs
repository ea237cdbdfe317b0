namespace MediaRelay.Signaling.Access;

/// <summary>What an actor is (threats: section 2, actors).</summary>
public enum ActorRole
{
    /// <summary>Sees and steers the own home.</summary>
    HomeOwner,

    /// <summary>What a grant of the home owner says, until it ends.</summary>
    Guest,

    /// <summary>Works alarms; looks in only while an alarm or a grant is open.</summary>
    CentralStationOperator,

    /// <summary>As operator; may also extend a look-in window and take over a claimed alarm.</summary>
    CentralStationSupervisor,

    /// <summary>Sets up a home while a grant is open.</summary>
    Installer,

    /// <summary>Provisions, configures and reads the audit; never sees video.</summary>
    MsoOperator,
}
