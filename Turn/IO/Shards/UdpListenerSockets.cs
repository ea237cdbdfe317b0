using System.Net.Sockets;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// The sockets of one UDP listener address: for every shard one for control messages and one for media, all bound to the same
/// address, with <see cref="ReusePortFilter"/> choosing among them.
/// </summary>
internal sealed class UdpListenerSockets
{
    private const int ControlBuffer = 4 << 20;
    private const int MediaBuffer = 16 << 20;

    private UdpListenerSockets(TransportAddress address, int[] control, int[] media, bool isSteered)
    {
        Address = address;
        Control = control;
        Media = media;
        IsSteered = isSteered;
    }

    /// <summary>Where the sockets are bound, with the port that the system chose when port 0 was asked for.</summary>
    public TransportAddress Address { get; }

    public IReadOnlyList<int> Control { get; }

    public IReadOnlyList<int> Media { get; }

    /// <summary>False when the kernel refused the filter: its own hash is used then, which is stable too, but does not part media from control.</summary>
    public bool IsSteered { get; }

    /// <exception cref="SocketException">The address is in use, not of this machine, or not permitted.</exception>
    public static UdpListenerSockets Open(TransportAddress address, int shards)
    {
        // A group can be joined by any process of the same user: a probe of its own tells whether another relay is there already.
        var probe = DatagramSocket.TryOpen(address, default);
        if (probe < 0)
            throw SocketErrors.ToException(-probe, address);
        DatagramSocket.Close(probe);
        var opened = new int[shards * 2];
        for (var i = 0; i < opened.Length; i++)
        {
            var options = new DatagramSocketOptions
            {
                ReusePort = true,
                // All of them, control too: before it joins a train the kernel asks one socket of the group, by a hash of its own and not by
                // the filter, whether it takes trains.
                Coalesce = true,
                ReportTrafficClass = true,
                ReceiveBuffer = i < shards ? ControlBuffer : MediaBuffer,
                SendBuffer = MediaBuffer,
            };
            opened[i] = DatagramSocket.TryOpen(address, options);
            if (opened[i] < 0)
            {
                var error = -opened[i];
                foreach (var descriptor in opened.Take(i))
                    DatagramSocket.Close(descriptor);
                throw SocketErrors.ToException(error, address);
            }

            if (i == 0)
                address = DatagramSocket.LocalAddress(opened[0]);
        }

        var steered = ReusePortFilter.TryAttach(opened[0], address.IsV6, shards);
        return new UdpListenerSockets(address, opened[..shards], opened[shards..], steered);
    }
}
