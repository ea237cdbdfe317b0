using System.Net;
using System.Net.Sockets;

namespace MediaRelay.Media.IO.Cameras.Ffmpeg;

/// <summary>A loopback port that takes RTP and RTCP of one track from a child process.</summary>
internal sealed class RtpLoopback : IDisposable
{
    public delegate void PacketHandler(ReadOnlySpan<byte> packet, bool isRtcp);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
    private readonly CancellationTokenSource _stop = new();

    public RtpLoopback() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>The output URL for ffmpeg; RTCP comes to the same port, packets keep below the MTU of the viewers' paths.</summary>
    public string OutputUrl => $"rtp://127.0.0.1:{Port}?rtcpport={Port}&pkt_size=1200";

    public void Start(PacketHandler handler) => _ = ReadAsync(handler);

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync(PacketHandler handler)
    {
        var buffer = new byte[65536];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        var token = _stop.Token;
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from, token);
                // Loopback can be written by every local process, but not from another address.
                if (length < 8 || buffer[0] >> 6 != 2 || from.Buffer.Span[4] != 127) continue;
                var isRtcp = buffer[1] is >= 192 and <= 223; // RFC 5761 section 4
                if (isRtcp || length >= 12) handler(buffer.AsSpan(0, length), isRtcp);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The reader ends with its owner.
        }
    }
}
