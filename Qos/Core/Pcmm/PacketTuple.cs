using System.Net;

namespace MediaRelay.Qos.Pcmm;

/// <summary>The fields of a packet that a classifier looks at.</summary>
public readonly record struct PacketTuple(bool IsV6, byte Protocol, UInt128 Source, ushort SourcePort, UInt128 Destination, ushort DestinationPort, byte Tos = 0, uint FlowLabel = 0)
{
    /// <summary>A UDP packet between two addresses of one family.</summary>
    public static PacketTuple Udp(IPEndPoint source, IPEndPoint destination)
    {
        var from = SubscriberId.From(source.Address);
        var to = SubscriberId.From(destination.Address);
        return new(from.IsV6, 17, from.Address, (ushort)source.Port, to.Address, (ushort)destination.Port);
    }
}
