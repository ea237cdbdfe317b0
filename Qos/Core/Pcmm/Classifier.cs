using System.Buffers.Binary;
using System.Net;

namespace MediaRelay.Qos.Pcmm;

/// <summary>
/// Which packets belong to a gate: one value for the legacy, the extended and the IPv6 classifier object (PCMM I05 section 6.4.2.6).
/// Legacy: zero fields are wildcards. Extended and IPv6: address zero and ports 0-65535 are wildcards.
/// </summary>
public readonly record struct Classifier(ClassifierKind Kind)
{
    internal const int LegacyBody = 20;
    internal const int ExtendedBody = 36;
    internal const int Ipv6Body = 60;

    /// <summary>Priority that the specification gives by default.</summary>
    public const byte DefaultPriority = 64;

    /// <summary>IP protocol; 0 any in IPv4, 256 any and 257 TCP and UDP in IPv6.</summary>
    public ushort Protocol { get; init; }

    /// <summary>TOS octet; legacy and extended: bit 0 enables the match. IPv6: low end of the traffic class range.</summary>
    public byte Tos { get; init; }

    /// <summary>IPv6 only: high end of the traffic class range.</summary>
    public byte TosHigh { get; init; }

    public byte TosMask { get; init; }

    public UInt128 Source { get; init; }

    public UInt128 Destination { get; init; }

    /// <summary>Extended: IPv4 mask. IPv6: prefix length. Unused in the legacy form.</summary>
    public uint SourceMask { get; init; }

    public uint DestinationMask { get; init; }

    public ushort SourcePortStart { get; init; }

    public ushort SourcePortEnd { get; init; }

    public ushort DestinationPortStart { get; init; }

    public ushort DestinationPortEnd { get; init; }

    /// <summary>Chosen by the application manager, unique per gate; not in the legacy form.</summary>
    public ushort Id { get; init; }

    public byte Priority { get; init; }

    /// <summary>0 inactive, 1 active; other values are refused with error 17.</summary>
    public byte Activation { get; init; }

    public ClassifierAction Action { get; init; }

    /// <summary>IPv6 only: low four bits, bit 0 makes the flow label count.</summary>
    public byte Flags { get; init; }

    public uint FlowLabel { get; init; }

    /// <summary>The exact five-tuple of a flow in the extended (IPv4) or IPv6 form.</summary>
    public static Classifier ForFlow(ushort id, byte protocol, IPEndPoint source, IPEndPoint destination, byte priority = DefaultPriority)
    {
        SubscriberId from = SubscriberId.From(source.Address), to = SubscriberId.From(destination.Address);
        if (from.IsV6 != to.IsV6) throw new ArgumentException("Source and destination of a classifier are of one address family.", nameof(destination));
        uint mask = from.IsV6 ? 128u : uint.MaxValue;
        return new Classifier(from.IsV6 ? ClassifierKind.Ipv6 : ClassifierKind.Extended)
        {
            Protocol = protocol, Source = from.Address, Destination = to.Address, SourceMask = mask, DestinationMask = mask,
            SourcePortStart = (ushort)source.Port, SourcePortEnd = (ushort)source.Port,
            DestinationPortStart = (ushort)destination.Port, DestinationPortEnd = (ushort)destination.Port,
            Id = id, Priority = priority, Activation = 1, Action = ClassifierAction.Add,
        };
    }

    /// <summary>Whether a packet is meant. An inactive classifier still matches; the caller looks at <see cref="Activation"/>.</summary>
    public bool Matches(in PacketTuple packet)
    {
        if (packet.IsV6 != (Kind == ClassifierKind.Ipv6)) return false;
        bool anyProtocol = Kind == ClassifierKind.Ipv6 ? Protocol == 256 || (Protocol == 257 && packet.Protocol is 6 or 17) : Protocol == 0;
        if (!anyProtocol && Protocol != packet.Protocol) return false;
        if (Kind == ClassifierKind.Ipv6)
        {
            byte traffic = (byte)(packet.Tos & TosMask);
            if (TosMask != 0 && (traffic < Tos || traffic > TosHigh)) return false;
            if ((Flags & 1) != 0 && FlowLabel != packet.FlowLabel) return false;
        }
        else if ((Tos & 1) != 0 && (packet.Tos & TosMask) != (Tos & TosMask & 0xFE))
        {
            return false;
        }
        return MatchesAddress(Source, SourceMask, packet.Source) && MatchesAddress(Destination, DestinationMask, packet.Destination)
            && MatchesPort(SourcePortStart, SourcePortEnd, packet.SourcePort) && MatchesPort(DestinationPortStart, DestinationPortEnd, packet.DestinationPort);
    }

    internal static Classifier Read(ClassifierKind kind, ReadOnlySpan<byte> body) => kind switch
    {
        ClassifierKind.Legacy => ReadLegacy(body),
        ClassifierKind.Extended => ReadExtended(body),
        _ => ReadIpv6(body),
    };

    internal static int BodySize(ClassifierKind kind) => kind switch
    {
        ClassifierKind.Legacy => LegacyBody,
        ClassifierKind.Extended => ExtendedBody,
        _ => Ipv6Body,
    };

    internal void Write(Span<byte> body)
    {
        body.Clear();
        switch (Kind)
        {
            case ClassifierKind.Legacy: WriteLegacy(body); break;
            case ClassifierKind.Extended: WriteExtended(body); break;
            default: WriteIpv6(body); break;
        }
    }

    private bool MatchesAddress(UInt128 wanted, uint mask, UInt128 actual)
    {
        if (wanted == UInt128.Zero) return true;
        return Kind switch
        {
            ClassifierKind.Legacy => wanted == actual,
            ClassifierKind.Extended => ((uint)actual & mask) == (uint)wanted,
            _ => mask == 0 || ((wanted ^ actual) >> (int)(128 - Math.Min(mask, 128))) == UInt128.Zero,
        };
    }

    private bool MatchesPort(ushort start, ushort end, ushort actual) =>
        (Kind == ClassifierKind.Legacy && start == 0) || (actual >= start && actual <= end);

    private static Classifier ReadLegacy(ReadOnlySpan<byte> body)
    {
        ushort source = U16(body, 12), destination = U16(body, 14);
        return new Classifier(ClassifierKind.Legacy)
        {
            Protocol = U16(body, 0), Tos = body[2], TosMask = body[3], Source = U32(body, 4), Destination = U32(body, 8),
            SourcePortStart = source, SourcePortEnd = source, DestinationPortStart = destination, DestinationPortEnd = destination,
            Priority = body[16], Activation = 1,
        };
    }

    private static Classifier ReadExtended(ReadOnlySpan<byte> body) => new(ClassifierKind.Extended)
    {
        Protocol = U16(body, 0), Tos = body[2], TosMask = body[3],
        Source = U32(body, 4), SourceMask = U32(body, 8), Destination = U32(body, 12), DestinationMask = U32(body, 16),
        SourcePortStart = U16(body, 20), SourcePortEnd = U16(body, 22), DestinationPortStart = U16(body, 24), DestinationPortEnd = U16(body, 26),
        Id = U16(body, 28), Priority = body[30], Activation = body[31], Action = (ClassifierAction)body[32],
    };

    private static Classifier ReadIpv6(ReadOnlySpan<byte> body) => new(ClassifierKind.Ipv6)
    {
        Flags = (byte)(body[0] & 0x0F), Tos = body[1], TosHigh = body[2], TosMask = body[3], FlowLabel = U32(body, 4) & 0xFFFFF,
        Protocol = U16(body, 8), SourceMask = body[10], DestinationMask = body[11],
        Source = BinaryPrimitives.ReadUInt128BigEndian(body[12..]), Destination = BinaryPrimitives.ReadUInt128BigEndian(body[28..]),
        SourcePortStart = U16(body, 44), SourcePortEnd = U16(body, 46), DestinationPortStart = U16(body, 48), DestinationPortEnd = U16(body, 50),
        Id = U16(body, 52), Priority = body[54], Activation = body[55], Action = (ClassifierAction)body[56],
    };

    private void WriteLegacy(Span<byte> body)
    {
        W16(body, 0, Protocol);
        body[2] = Tos;
        body[3] = TosMask;
        W32(body, 4, (uint)Source);
        W32(body, 8, (uint)Destination);
        W16(body, 12, SourcePortStart);
        W16(body, 14, DestinationPortStart);
        body[16] = Priority;
    }

    private void WriteExtended(Span<byte> body)
    {
        W16(body, 0, Protocol);
        body[2] = Tos;
        body[3] = TosMask;
        W32(body, 4, (uint)Source);
        W32(body, 8, SourceMask);
        W32(body, 12, (uint)Destination);
        W32(body, 16, DestinationMask);
        WritePorts(body[20..]);
        WriteTail(body[28..]);
    }

    private void WriteIpv6(Span<byte> body)
    {
        body[0] = (byte)(Flags & 0x0F);
        body[1] = Tos;
        body[2] = TosHigh;
        body[3] = TosMask;
        W32(body, 4, FlowLabel & 0xFFFFF);
        W16(body, 8, Protocol);
        body[10] = (byte)SourceMask;
        body[11] = (byte)DestinationMask;
        BinaryPrimitives.WriteUInt128BigEndian(body[12..], Source);
        BinaryPrimitives.WriteUInt128BigEndian(body[28..], Destination);
        WritePorts(body[44..]);
        WriteTail(body[52..]);
    }

    private void WritePorts(Span<byte> body)
    {
        W16(body, 0, SourcePortStart);
        W16(body, 2, SourcePortEnd);
        W16(body, 4, DestinationPortStart);
        W16(body, 6, DestinationPortEnd);
    }

    private void WriteTail(Span<byte> body)
    {
        W16(body, 0, Id);
        body[2] = Priority;
        body[3] = Activation;
        body[4] = (byte)Action;
    }

    private static ushort U16(ReadOnlySpan<byte> body, int at) => BinaryPrimitives.ReadUInt16BigEndian(body[at..]);

    private static uint U32(ReadOnlySpan<byte> body, int at) => BinaryPrimitives.ReadUInt32BigEndian(body[at..]);

    private static void W16(Span<byte> body, int at, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(body[at..], value);

    private static void W32(Span<byte> body, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(body[at..], value);
}
