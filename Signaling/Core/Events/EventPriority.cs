namespace MediaRelay.Signaling.Events;

/// <summary>How urgent an event is; lower values go first.</summary>
public enum EventPriority
{
    /// <summary>Acted on at once, even out of order.</summary>
    Alarm = 0,

    /// <summary>Something does not work.</summary>
    Trouble = 1,

    /// <summary>The default.</summary>
    Status = 2,

    /// <summary>May wait.</summary>
    Bulk = 3,
}
