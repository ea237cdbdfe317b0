using System.Net;
using System.Net.Sockets;
using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Endpoints;
using MediaRelay.Media.IO.Net;
using MediaRelay.Stun;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Media;

/// <summary>A relay over TCP that sends faster than the loop takes: it is read no faster, so that nothing piles up.</summary>
public sealed class RelayStreamTests
{
    private const int Pieces = 12;
    private const int Piece = 16 * 1024;

    [Fact]
    public async Task A_relay_that_sends_without_end_has_one_piece_waiting_and_every_byte_arrives()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        using var loop = new MediaLoop(TimeProvider.System, NullLogger.Instance);
        var sent = new TaskCompletionSource();
        var done = new TaskCompletionSource<long>();
        long received = 0;
        int mostWaiting = 0;
        var stream = new RelayStream(
            loop, new IceServer(TransportAddress.From((IPEndPoint)server.LocalEndpoint), RelayTransport.Tcp), "", TimeSpan.FromSeconds(10), () => { },
            bytes =>
            {
                // The loop is held here until all that the server has is on its way: what a reader without measure would queue is there by the end.
                if (received == 0)
                {
                    sent.Task.Wait(TimeSpan.FromSeconds(20));
                    SpinWait.SpinUntil(() => loop.WaitingWork > 0, TimeSpan.FromMilliseconds(300));
                }

                mostWaiting = Math.Max(mostWaiting, loop.WaitingWork);
                received += bytes.Length;
                if (received == Pieces * Piece)
                    done.TrySetResult(received);
            },
            _ => { });
        using Socket socket = await server.AcceptSocketAsync();
        socket.SendBufferSize = 4 << 20;
        for (int i = 0; i < Pieces; i++)
            await socket.SendAsync(new byte[Piece]);
        sent.SetResult();
        Assert.Equal(Pieces * Piece, await done.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, mostWaiting);
        stream.Close();
    }
}
