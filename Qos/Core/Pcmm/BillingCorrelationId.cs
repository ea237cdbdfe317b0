using System.Buffers.Binary;
using System.Text;

namespace MediaRelay.Qos.Pcmm;

/// <summary>
/// 24 bytes that tie the events of one session together: NTP seconds, element id (8 characters), time zone (8 characters), event
/// counter. Kept as bytes; the parts are read on demand.
/// </summary>
public readonly record struct BillingCorrelationId(ulong First, ulong Second, ulong Third)
{
    internal const int Size = 24;

    public uint NtpSeconds => (uint)(First >> 32);

    public uint EventCounter => (uint)Third;

    /// <summary>The element id, right justified with spaces.</summary>
    public string ElementId
    {
        get
        {
            Span<byte> bytes = stackalloc byte[Size];
            Write(bytes);
            return Encoding.ASCII.GetString(bytes.Slice(4, 8));
        }
    }

    /// <summary>Composes an identifier. The element id is 0 to 99999, the zone is daylight flag, sign and HHMMSS such as <c>0-050000</c>.</summary>
    public static BillingCorrelationId Create(uint ntpSeconds, int elementId, string timeZone, uint eventCounter)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, ntpSeconds);
        bytes[4..20].Fill((byte)' ');
        Encoding.ASCII.GetBytes(elementId.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(8).AsSpan(0, 8), bytes[4..]);
        Encoding.ASCII.GetBytes(timeZone.PadRight(8).AsSpan(0, 8), bytes[12..]);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[20..], eventCounter);
        return Read(bytes);
    }

    internal static BillingCorrelationId Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]));

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, First);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Second);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Third);
    }
}
