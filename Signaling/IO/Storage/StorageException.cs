namespace MediaRelay.Signaling.IO.Storage;

/// <summary>A write could not be made durable; nothing of it is visible.</summary>
public sealed class StorageException : Exception
{
    public StorageException()
    {
    }

    public StorageException(string message)
        : base(message)
    {
    }

    public StorageException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>True when the disk is full.</summary>
    public bool IsFull { get; init; }

    /// <summary>True when the subject of the write does not exist, e.g. an unknown gateway.</summary>
    public bool IsUnknownSubject { get; init; }

    /// <summary>True when too many instructions wait for a gateway; the message says how many and what to do.</summary>
    public bool IsQueueFull { get; init; }
}
