using MediaRelay.Stun;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn;

/// <summary>One address on which relay ports are opened.</summary>
/// <param name="Bind">The local address that sockets bind to.</param>
/// <param name="Advertised">The address that clients are told; differs from <paramref name="Bind"/> behind 1:1 NAT.</param>
/// <param name="Ports">The ports that this shard owns there; see <see cref="PortRange.ForShard"/>.</param>
public readonly record struct RelayAddress(TransportAddress Bind, TransportAddress Advertised, PortRange Ports);
