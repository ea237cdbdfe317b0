namespace MediaRelay.Signaling.IO.Storage;

/// <summary>
/// Everything that must survive a crash. One engine is embedded (SQLite); the words are chosen so that a cluster's engine fits too:
/// positions instead of row numbers of one file, leases instead of locks, notifications instead of shared memory.
/// </summary>
public interface IStorage : IAsyncDisposable
{
    /// <summary>Events, in one total order.</summary>
    IEventJournal Events { get; }

    /// <summary>Instructions that wait for their gateway.</summary>
    IInstructionQueue Instructions { get; }

    /// <summary>The gateways that are known, and what belongs to each.</summary>
    IGatewayRegistry Gateways { get; }

    /// <summary>Last known values of devices.</summary>
    IPropertyStore Properties { get; }

    /// <summary>Users, homes, grants and incidents.</summary>
    IDocumentStore Documents { get; }

    /// <summary>Who did what, hash-chained.</summary>
    IAuditLog Audit { get; }

    /// <summary>Who may do a thing that only one node may do.</summary>
    ILeases Leases { get; }

    /// <summary>Short signals between the nodes that share this storage.</summary>
    INotifications Notifications { get; }

    /// <summary>True when a durable write can be expected to succeed now.</summary>
    bool IsWritable { get; }
}
