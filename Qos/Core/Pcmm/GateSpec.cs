using System.Buffers.Binary;

namespace MediaRelay.Qos.Pcmm;

/// <summary>
/// What a gate is apart from its traffic: direction, marking, session class, timers T1 to T4 in seconds (PCMM I05 section 6.4.2.5).
/// T1 0 = the CMTS's default; T2 and T3 0 = off; T4 0 = no recovery state.
/// </summary>
/// <remarks><code>
///   | flags (1 = upstream, 2 = overwrite DSCP) | DSCP/TOS | mask | session class |
///   |              T1              |              T2              |
///   |              T3              |              T4              |
/// </code></remarks>
public readonly record struct GateSpec(GateDirection Direction)
{
    internal const int BodySize = 12;

    /// <summary>Whether the CMTS overwrites the DSCP of the gate's packets.</summary>
    public bool OverwritesDscp { get; init; }

    /// <summary>The whole TOS octet; the DSCP is in its upper six bits.</summary>
    public byte Tos { get; init; }

    public byte TosMask { get; init; }

    public SessionClass SessionClass { get; init; }

    /// <summary>Seconds in Authorized.</summary>
    public ushort T1 { get; init; }

    /// <summary>Seconds that reserved may exceed committed.</summary>
    public ushort T2 { get; init; }

    /// <summary>Seconds of silence in Committed.</summary>
    public ushort T3 { get; init; }

    /// <summary>Seconds in Committed-Recovery.</summary>
    public ushort T4 { get; init; }

    internal static GateSpec Read(ReadOnlySpan<byte> body) => new((GateDirection)(body[0] & 1))
    {
        OverwritesDscp = (body[0] & 2) != 0,
        Tos = body[1],
        TosMask = body[2],
        SessionClass = new SessionClass(body[3]),
        T1 = BinaryPrimitives.ReadUInt16BigEndian(body[4..]),
        T2 = BinaryPrimitives.ReadUInt16BigEndian(body[6..]),
        T3 = BinaryPrimitives.ReadUInt16BigEndian(body[8..]),
        T4 = BinaryPrimitives.ReadUInt16BigEndian(body[10..]),
    };

    internal void Write(Span<byte> body)
    {
        body[0] = (byte)((int)Direction | (OverwritesDscp ? 2 : 0));
        body[1] = Tos;
        body[2] = TosMask;
        body[3] = SessionClass.Value;
        BinaryPrimitives.WriteUInt16BigEndian(body[4..], T1);
        BinaryPrimitives.WriteUInt16BigEndian(body[6..], T2);
        BinaryPrimitives.WriteUInt16BigEndian(body[8..], T3);
        BinaryPrimitives.WriteUInt16BigEndian(body[10..], T4);
    }
}
