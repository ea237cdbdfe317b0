namespace MediaRelay.Qos.Gates;

/// <summary>
/// What the application manager's shell must do, in this order: every <see cref="Write"/> and <see cref="Remove"/> durably, then the
/// bytes of the link, then the rest.
/// </summary>
public abstract record ManagerCommand
{
    /// <summary>Write the entry to the journal, replacing one of the same handle.</summary>
    public sealed record Write(GateJournalEntry Entry) : ManagerCommand;

    /// <summary>Remove the entry from the journal; it need not be durable before anything else.</summary>
    public sealed record Remove(GateHandle Handle) : ManagerCommand;

    /// <summary>Tell the session.</summary>
    public sealed record Notify(GateEvent Event) : ManagerCommand;

    /// <summary>Open a connection to the policy server with this index.</summary>
    public sealed record Connect(int PolicyServer) : ManagerCommand;

    /// <summary>Send what is queued, then close the connection.</summary>
    public sealed record Close : ManagerCommand;
}
