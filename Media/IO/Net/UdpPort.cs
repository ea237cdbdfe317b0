using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MediaRelay.Stun;

namespace MediaRelay.Media.IO.Net;

/// <summary>One non-blocking UDP socket bound to one interface address, read and written without allocation. Belongs to one loop.</summary>
internal sealed unsafe class UdpPort : IDisposable
{
    private const int AddressBytes = 28;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly byte* _to = (byte*)NativeMemory.AllocZeroed(AddressBytes);
    private readonly byte* _from = (byte*)NativeMemory.AllocZeroed(AddressBytes);
    private TransportAddress _lastTo;
    private int _toLength;
    private bool _disposed;

    private UdpPort(Socket socket)
    {
        _socket = socket;
        _descriptor = (int)socket.Handle;
        LocalAddress = TransportAddress.From((IPEndPoint)socket.LocalEndPoint!);
    }

    public TransportAddress LocalAddress { get; }

    public int Descriptor => _descriptor;

    /// <summary>Key of the socket in its loop; set by the loop.</summary>
    public int Key { get; set; }

    /// <summary>Who gets the datagrams; set by the owner before the loop knows the port.</summary>
    public IDatagramHandler? Handler { get; set; }

    /// <summary>Datagrams that the system did not take.</summary>
    public long SendFailures { get; private set; }

    /// <summary>Binds to the address, on a port of the range when there is one. Throws <see cref="SocketException"/> when nothing is free.</summary>
    public static UdpPort Bind(IPAddress address, int portMin, int portMax, int firstTry)
    {
        var count = portMin == 0 ? 1 : portMax - portMin + 1;
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            try
            {
                if (address.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
                socket.ReceiveBufferSize = 1 << 19;
                socket.SendBufferSize = 1 << 20;
                socket.Bind(new IPEndPoint(address, portMin == 0 ? 0 : portMin + (firstTry + i) % count));
                return new UdpPort(socket);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && i + 1 < count)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }

    /// <summary>Marks all packets sent from now on (RFC 2474); values 0 to 63.</summary>
    public void SetDscp(int value)
    {
        Span<byte> option = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(option, value << 2);
        if (LocalAddress.IsV4) _socket.SetRawSocketOption(0, 1, option); // IPPROTO_IP, IP_TOS
        else _socket.SetRawSocketOption(41, 67, option); // IPPROTO_IPV6, IPV6_TCLASS
    }

    /// <summary>Reads one datagram; false when none waits. Errors that an earlier datagram caused count as nothing.</summary>
    public bool TryReceive(Span<byte> buffer, out int length, out TransportAddress from)
    {
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var addressLength = AddressBytes;
            nint received;
            fixed (byte* p = buffer)
                received = SystemCalls.recvfrom(_descriptor, p, (nuint)buffer.Length, SystemCalls.DontWait, _from, &addressLength);
            if (received >= 0)
            {
                length = (int)received;
                from = ReadAddress(_from);
                return true;
            }
            if (Marshal.GetLastPInvokeError() == SystemCalls.Again) break;
        }
        length = 0;
        from = default;
        return false;
    }

    /// <summary>Sends one datagram; a full send buffer or an unreachable destination loses it, as the network may.</summary>
    public bool Send(TransportAddress to, ReadOnlySpan<byte> datagram)
    {
        if (!to.Equals(_lastTo))
        {
            _toLength = WriteAddress(to, _to);
            _lastTo = to;
        }
        nint sent;
        fixed (byte* p = datagram) sent = SystemCalls.sendto(_descriptor, p, (nuint)datagram.Length, SystemCalls.DontWait, _to, _toLength);
        if (sent == datagram.Length) return true;
        SendFailures++;
        return false;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _socket.Dispose();
        NativeMemory.Free(_to);
        NativeMemory.Free(_from);
    }

    private static TransportAddress ReadAddress(byte* address)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(address + 2, 2));
        return *(ushort*)address == 2
            ? TransportAddress.FromBytes(new ReadOnlySpan<byte>(address + 4, 4), port)
            : TransportAddress.FromBytes(new ReadOnlySpan<byte>(address + 8, 16), port).Unmapped();
    }

    private static int WriteAddress(TransportAddress to, byte* address)
    {
        new Span<byte>(address, AddressBytes).Clear();
        *(ushort*)address = to.IsV4 ? (ushort)2 : (ushort)10;
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(address + 2, 2), to.Port);
        if (to.IsV4)
        {
            to.WriteAddress(new Span<byte>(address + 4, 4));
            return 16;
        }
        to.WriteAddress(new Span<byte>(address + 8, 16));
        return AddressBytes;
    }
}
