using MediaRelay.Signaling.Events;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>An event of the journal.</summary>
/// <param name="Position">Its place in the total order.</param>
/// <param name="Gateway">The gateway it is from or about.</param>
/// <param name="Epoch">The epoch of its number.</param>
/// <param name="Received">When the server received it.</param>
/// <param name="Event">The event.</param>
public sealed record StoredEvent(long Position, string Gateway, string Epoch, DateTimeOffset Received, SmaEvent Event)
{
    /// <summary>The epoch of events that the Event Server makes.</summary>
    public const string ServerEpoch = "es";

    /// <summary>When it happened, by the gateway's clock as far as that can be believed.</summary>
    public DateTimeOffset HappenedAt => Event.HappenedAt(Received);
}
