using System.Globalization;

namespace MediaRelay.Load.Relay;

/// <summary>Where datagrams were dropped: the devices' queues, and the receive and send buffers of sockets, for each namespace.</summary>
internal sealed record DropCounts(DropCounts.Place Client, DropCounts.Place Server, DropCounts.Place Peer)
{
    public static DropCounts operator -(DropCounts left, DropCounts right) => new(left.Client - right.Client, left.Server - right.Server, left.Peer - right.Peer);

    public override string ToString() => $"client {Client}; server {Server}; peer {Peer}";

    /// <summary>Reads the counters of the calling thread's namespace.</summary>
    public static Place ReadHere()
    {
        long devices = 0;
        foreach (var line in File.ReadLines("/proc/thread-self/net/dev").Skip(2))
        {
            // name: eight columns received (the fourth is drops), eight columns sent (likewise).
            var columns = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            devices += Number(columns[3]) + Number(columns[11]);
        }

        var udp = File.ReadLines("/proc/thread-self/net/snmp").Where(line => line.StartsWith("Udp:", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToArray();
        long Counter(string name) => Number(udp[1][Array.IndexOf(udp[0], name)]);
        return new Place(devices, Counter("RcvbufErrors"), Counter("SndbufErrors"));
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <param name="Devices">Dropped by the devices' queues.</param>
    /// <param name="ReceiveBuffers">Dropped because a UDP socket's receive buffer was full.</param>
    /// <param name="SendBuffers">Refused because a UDP socket's send buffer was full.</param>
    internal readonly record struct Place(long Devices, long ReceiveBuffers, long SendBuffers)
    {
        public static Place operator -(Place left, Place right) =>
            new(left.Devices - right.Devices, left.ReceiveBuffers - right.ReceiveBuffers, left.SendBuffers - right.SendBuffers);

        public override string ToString() => $"devices {Devices}, receive buffers {ReceiveBuffers}, send buffers {SendBuffers}";
    }
}
