using System.Security.Cryptography;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>An event ready to be stored: its octets and their digest are made before the single writer is involved.</summary>
public sealed class PendingEvent
{
    /// <summary>Writes the event and computes its digest.</summary>
    public PendingEvent(SmaEvent message, XmlOutput scratch)
    {
        Event = message;
        scratch.Clear();
        SmaWriter.WriteEvent(scratch, message);
        Payload = scratch.Written.ToArray();
        Digest = SHA256.HashData(Payload);
    }

    /// <summary>The event.</summary>
    public SmaEvent Event { get; }

    /// <summary>Its element, as XML.</summary>
    public byte[] Payload { get; }

    /// <summary>SHA-256 of the payload.</summary>
    public byte[] Digest { get; }
}
