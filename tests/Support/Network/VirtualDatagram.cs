using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>A datagram as it is on the wire between two hosts.</summary>
public readonly record struct VirtualDatagram(TransportAddress Source, TransportAddress Destination, ReadOnlyMemory<byte> Payload);
