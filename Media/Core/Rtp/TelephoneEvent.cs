using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>A DTMF key press in an RTP payload (RFC 4733 section 2.3).</summary>
/// <param name="Event">0-9 digits, 10 star, 11 hash, 12-15 A-D.</param>
/// <param name="IsEnd">Last packets of the event; sent three times.</param>
/// <param name="Volume">Power in -dBm0, 0 to 63.</param>
/// <param name="Duration">Since the event began, in clock ticks.</param>
public readonly record struct TelephoneEvent(byte Event, bool IsEnd, byte Volume, ushort Duration)
{
    public const int Length = 4;

    private const string Keys = "0123456789*#ABCD";

    /// <summary>The key, or a space for other events.</summary>
    public char Key => Event < Keys.Length ? Keys[Event] : ' ';

    public static bool TryRead(ReadOnlySpan<byte> payload, out TelephoneEvent value)
    {
        value = default;
        if (payload.Length < Length) return false;
        value = new TelephoneEvent(payload[0], (payload[1] & 0x80) != 0, (byte)(payload[1] & 0x3f), BinaryPrimitives.ReadUInt16BigEndian(payload[2..]));
        return true;
    }

    public bool TryWrite(Span<byte> payload)
    {
        if (payload.Length < Length) return false;
        payload[0] = Event;
        payload[1] = (byte)((IsEnd ? 0x80 : 0) | (Volume & 0x3f));
        BinaryPrimitives.WriteUInt16BigEndian(payload[2..], Duration);
        return true;
    }

    /// <summary>Event of a key; false for other characters.</summary>
    public static bool TryFromKey(char key, out byte number)
    {
        var at = Keys.IndexOf(char.ToUpperInvariant(key), StringComparison.Ordinal);
        number = (byte)Math.Max(at, 0);
        return at >= 0;
    }
}
