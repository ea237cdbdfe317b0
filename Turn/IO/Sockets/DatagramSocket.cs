using System.Runtime.InteropServices;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>How a datagram socket is opened. Buffer sizes are bytes of kernel accounting; zero keeps the system's default.</summary>
internal readonly record struct DatagramSocketOptions
{
    public bool ReusePort { get; init; }

    /// <summary>Ask the kernel for whole trains of equal datagrams (UDP_GRO).</summary>
    public bool Coalesce { get; init; }

    /// <summary>Report ICMP errors (IP_RECVERR) so that they reach the client as an ICMP attribute.</summary>
    public bool ReportErrors { get; init; }

    /// <summary>Deliver the TOS or traffic class byte of each datagram.</summary>
    public bool ReportTrafficClass { get; init; }

    /// <summary>
    /// Deliver with each datagram how many the full receive buffer has dropped since the socket was opened (SO_RXQ_OVFL); costs nothing
    /// as long as that is none.
    /// </summary>
    public bool ReportDrops { get; init; }

    public int ReceiveBuffer { get; init; }

    public int SendBuffer { get; init; }
}

/// <summary>
/// Opens, tunes and closes plain UDP descriptors. Relay sockets come in tens of thousands, so there is no object per
/// socket; the owner keeps the number.
/// </summary>
internal static unsafe class DatagramSocket
{
    /// <summary>Opens and binds; returns the descriptor, or the negative error number.</summary>
    public static int TryOpen(TransportAddress local, in DatagramSocketOptions options)
    {
        var v6 = local.IsV6;
        var descriptor = LibC.OpenSocket(v6 ? LibC.Inet6 : LibC.Inet, LibC.Datagram | LibC.NonBlocking | LibC.CloseOnExec, 0);
        if (descriptor < 0)
            return -Marshal.GetLastPInvokeError();
        if (v6)
            _ = Set(descriptor, LibC.SolIpv6, LibC.Ipv6Only, 1);
        if (options.ReusePort)
            _ = Set(descriptor, LibC.SolSocket, LibC.SoReusePort, 1);
        if (options.ReceiveBuffer > 0)
            SetBuffer(descriptor, LibC.SoReceiveBufferForce, LibC.SoReceiveBuffer, options.ReceiveBuffer);
        if (options.SendBuffer > 0)
            SetBuffer(descriptor, LibC.SoSendBufferForce, LibC.SoSendBuffer, options.SendBuffer);
        if (options.ReportErrors)
            _ = v6 ? Set(descriptor, LibC.SolIpv6, LibC.Ipv6ReceiveErrors, 1) : Set(descriptor, LibC.SolIp, LibC.IpReceiveErrors, 1);
        if (options.ReportTrafficClass)
            _ = v6 ? Set(descriptor, LibC.SolIpv6, LibC.Ipv6ReceiveTrafficClass, 1) : Set(descriptor, LibC.SolIp, LibC.IpReceiveTos, 1);
        if (options.ReportDrops)
            _ = Set(descriptor, LibC.SolSocket, LibC.SoReceiveOverflow, 1);
        if (options.Coalesce)
            _ = Set(descriptor, LibC.SolUdp, LibC.UdpGro, 1);
        SocketName name;
        var length = SocketName.Write(&name, local);
        if (LibC.Bind(descriptor, &name, length) == 0)
            return descriptor;
        var error = Marshal.GetLastPInvokeError();
        _ = LibC.Close(descriptor);
        return -error;
    }

    public static void Close(int descriptor) => _ = LibC.Close(descriptor);

    public static TransportAddress LocalAddress(int descriptor)
    {
        SocketName name = default;
        uint length = SocketName.Capacity;
        return LibC.GetSocketName(descriptor, &name, &length) == 0 ? SocketName.Read((byte*)&name) : default;
    }

    public static bool Set(int descriptor, int level, int option, int value) => LibC.SetOption(descriptor, level, option, &value, 4) == 0;

    /// <summary>Bytes waiting in the receive queue, the queue's limit, and datagrams the kernel dropped since the socket was opened.</summary>
    public static bool TryReadQueue(int descriptor, out uint used, out uint limit, out uint dropped)
    {
        var info = stackalloc uint[9];
        uint length = 36;
        var read = LibC.GetOption(descriptor, LibC.SolSocket, LibC.SoMemoryInfo, info, &length) == 0 && length >= 36;
        used = read ? info[0] : 0;
        limit = read ? info[1] : 0;
        dropped = read ? info[8] : 0;
        return read;
    }

    /// <summary>Takes one entry of the error queue: which destination, and the ICMP type, code and value (MTU).</summary>
    public static bool TryReadError(int descriptor, out IcmpReport report)
    {
        const int ControlCapacity = 256;
        report = default;
        SocketName name = default;
        var control = stackalloc byte[ControlCapacity];
        byte ignored;
        var vector = new IoVector { Start = &ignored, Length = 1 };
        var header = new MessageHeader
        {
            Name = &name,
            NameLength = SocketName.Capacity,
            Vectors = &vector,
            VectorCount = 1,
            Control = control,
            ControlLength = ControlCapacity,
        };
        if (LibC.ReceiveMessage(descriptor, &header, LibC.MessageErrorQueue | LibC.MessageDontWait) < 0)
            return false;
        for (nuint at = 0; at + 16 <= header.ControlLength;)
        {
            var entry = (ControlHeader*)(control + at);
            if (entry->Length < 16)
                break;
            var isError = (entry->Level == LibC.SolIp && entry->Type == LibC.IpReceiveErrors)
                || (entry->Level == LibC.SolIpv6 && entry->Type == LibC.Ipv6ReceiveErrors);
            if (isError)
            {
                // struct sock_extended_err: errno, origin, type, code, pad, info, data.
                var error = control + at + 16;
                report = new IcmpReport(SocketName.Read((byte*)&name), error[4], error[5], error[6], *(uint*)(error + 8));
            }

            at += (entry->Length + 7) & ~(nuint)7;
        }

        return true;
    }

    private static void SetBuffer(int descriptor, int force, int plain, int bytes)
    {
        // Without CAP_NET_ADMIN the forced form is refused and the system's limit applies.
        if (!Set(descriptor, LibC.SolSocket, force, bytes))
            _ = Set(descriptor, LibC.SolSocket, plain, bytes);
    }
}

/// <summary>An ICMP error as the kernel reports it; <see cref="Origin"/> is 2 for ICMP and 3 for ICMPv6.</summary>
internal readonly record struct IcmpReport(TransportAddress Destination, byte Origin, byte Type, byte Code, uint Value)
{
    public bool IsIcmp => Origin is 2 or 3;
}
