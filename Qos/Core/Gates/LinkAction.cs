namespace MediaRelay.Qos.Gates;

/// <summary>What an engine wants done with one of its transport connections.</summary>
public enum LinkAction
{
    /// <summary>Open a connection for this link; answer with connected or failed.</summary>
    Connect,

    /// <summary>Send what is queued for this link, then close it.</summary>
    Close,

    /// <summary>Bytes are queued for this link.</summary>
    Send,
}
