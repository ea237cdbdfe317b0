using System.Net;
using System.Net.Sockets;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>An even RTP port and the RTCP port above it, which take packets of the camera's address only.</summary>
internal sealed class RtspUdpPair : IDisposable
{
    private readonly Socket _rtp;
    private readonly Socket _rtcp;
    private readonly CancellationTokenSource _stop = new();
    private IPAddress _camera;
    private SocketAddress? _backChannel;

    private RtspUdpPair(Socket rtp, Socket rtcp, IPAddress camera)
    {
        _rtp = rtp;
        _rtcp = rtcp;
        _camera = camera;
    }

    public int RtpPort => ((IPEndPoint)_rtp.LocalEndPoint!).Port;

    public static RtspUdpPair Bind(IPAddress local, IPAddress camera)
    {
        for (var attempt = 0; attempt < 64; attempt++)
        {
            var rtp = Open(local, 0);
            var port = ((IPEndPoint)rtp.LocalEndPoint!).Port;
            if (port % 2 == 0)
            {
                try
                {
                    return new RtspUdpPair(rtp, Open(local, port + 1), camera);
                }
                catch (SocketException)
                {
                    // The odd neighbour is taken; another pair will do.
                }
            }
            rtp.Dispose();
        }
        throw new CameraException("No free pair of UDP ports was found for a camera.");
    }

    /// <summary>Opens NAT and firewall state towards the camera, and sets the destination of a back-channel.</summary>
    public void Aim(IPAddress camera, int serverPort)
    {
        _camera = camera;
        var to = new IPEndPoint(camera, serverPort);
        _backChannel = to.Serialize();
        try
        {
            _rtp.SendTo([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], to);
        }
        catch (SocketException)
        {
            // A refused opener does not matter: the camera sends without it.
        }
    }

    public void Send(ReadOnlySpan<byte> packet)
    {
        if (_backChannel is null) return;
        try
        {
            _rtp.SendTo(packet, SocketFlags.None, _backChannel);
        }
        catch (SocketException)
        {
            // Sound towards a camera may be lost; the RTSP connection tells when the camera is gone.
        }
    }

    /// <summary>Reads both ports until the pair is disposed.</summary>
    public void Start(RtspConnection.InterleavedHandler handler, byte rtpChannel)
    {
        _ = ReadAsync(_rtp, handler, rtpChannel);
        _ = ReadAsync(_rtcp, handler, (byte)(rtpChannel + 1));
    }

    public void Dispose()
    {
        _stop.Cancel();
        _rtp.Dispose();
        _rtcp.Dispose();
        _stop.Dispose();
    }

    private static Socket Open(IPAddress local, int port)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        try
        {
            socket.Bind(new IPEndPoint(local, port));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task ReadAsync(Socket socket, RtspConnection.InterleavedHandler handler, byte channel)
    {
        var buffer = new byte[65536];
        var from = new SocketAddress(socket.AddressFamily);
        var template = new IPEndPoint(IPAddress.Any, 0);
        var token = _stop.Token;
        SocketAddress? accepted = null;
        while (!token.IsCancellationRequested)
        {
            try
            {
                var length = await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, token);
                if (accepted is null || !accepted.Equals(from))
                {
                    var sender = (IPEndPoint)template.Create(from);
                    if (!sender.Address.Equals(_camera)) continue;
                    accepted = new SocketAddress(from.Family, from.Size);
                    from.Buffer.Span[..from.Size].CopyTo(accepted.Buffer.Span);
                }
                handler(channel, buffer.AsSpan(0, length));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // An earlier opener was refused; packets still come.
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
