using MediaRelay.Stun;

namespace MediaRelay.Turn.Ports;

/// <summary>
/// One relay port of this shard: the index of the relay address in <see cref="RelaySettings.RelayAddresses"/> and the port. Shells
/// keep it beside the socket and give it back with every datagram.
/// </summary>
/// <param name="AddressIndex">0 to 255.</param>
/// <param name="Port">The UDP or TCP port.</param>
public readonly record struct RelayPort(byte AddressIndex, ushort Port)
{
    /// <summary>Both numbers in one, for tables.</summary>
    public int Key => (AddressIndex << 16) | Port;

    public override string ToString() => $"{AddressIndex}/{Port}";
}
