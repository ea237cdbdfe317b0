using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>90,000 Allocate requests without or with forged credentials, from many ports, while a good client goes on.</summary>
public sealed class FloodTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private const int Requests = 90_000;
    private const int Sockets = 64;
    private const long MostGrowth = 8 << 20;

    [Fact]
    public async Task A_flood_of_forged_allocates_costs_no_memory_and_does_not_hurt_a_good_client()
    {
        _ = Allocated();
        var before = Allocated();
        using var stop = new CancellationTokenSource();
        var good = Task.Run(() => Namespaces.Run(relay.Network.Client, () => BeGood(stop.Token)));
        var (sent, received, answers, took) = Namespaces.Run(relay.Network.Peer, Flood);
        await stop.CancelAsync();
        var (asked, answered) = await good;
        var grown = Allocated() - before;

        Assert.True(asked > 500, $"the good client managed only {asked} messages");
        Assert.True(answered >= asked * 0.999, $"{answered} of {asked} messages of the good client came back");
        Assert.True(grown <= MostGrowth, $"{grown} bytes of managed memory were allocated");
        Assert.True(received <= sent, $"{received} bytes of answers for {sent} bytes of requests");

        // The budget of one address, whichever of the relay's threads its ports fell to; the rest is silence.
        var most = 200 + (100 * (took.TotalSeconds + 1));
        Assert.True(answers <= most, $"{answers} answers to one address within {took.TotalSeconds:F1} s");
    }

    /// <summary>Relays a datagram to the echoing peer every two milliseconds; gives messages sent and returned.</summary>
    private static (int Asked, int Answered) BeGood(CancellationToken stop)
    {
        using var client = new TestClient(HomeNetwork.RelayAddress);
        Assert.Equal(0, client.Allocate());
        var peer = TransportAddress.Parse($"{HomeNetwork.PeerAddress}:3480");
        Assert.Equal(0, client.BindChannel(peer, 0x4001));
        var asked = 0;
        var answered = 0;
        while (!stop.IsCancellationRequested || asked < 600)
        {
            client.SendChannelData(0x4001, Encoding.ASCII.GetBytes($"message {asked++}"));
            answered += client.Receive().Length > 0 ? 1 : 0;
        }

        return (asked, answered);
    }

    private static (long Sent, long Received, int Answers, TimeSpan Took) Flood()
    {
        var sockets = Enumerable.Range(0, Sockets).Select(_ =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Connect(HomeNetwork.RelayAddress, 3478);
            return socket;
        }).ToList();
        var key = LongTermKey.Derive(PasswordAlgorithm.Md5, "mallory", "relay.test", "guess");
        byte[] bare = new byte[64], forged = new byte[512], answer = new byte[2048];
        long sent = 0, received = 0;
        var answers = 0;
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Requests; i++)
        {
            var socket = sockets[i % Sockets];
            var packet = i % 2 == 0 ? Bare(bare) : Forged(forged, key);
            try
            {
                sent += socket.Send(packet, SocketFlags.None);
            }
            catch (SocketException)
            {
                i--;
                Thread.Yield();
            }

            Read(socket);
        }

        var rest = Stopwatch.StartNew();
        while (rest.ElapsedMilliseconds < 200)
            sockets.ForEach(Read);
        sockets.ForEach(socket => socket.Dispose());
        return (sent, received, answers, clock.Elapsed);

        void Read(Socket socket)
        {
            for (; socket.Available > 0; answers++)
                received += socket.Receive(answer);
        }
    }

    private static ReadOnlySpan<byte> Bare(byte[] buffer)
    {
        var writer = new StunWriter(buffer, StunMethod.Allocate, StunClass.Request, TransactionId.FromBytes(RandomNumberGenerator.GetBytes(12)));
        writer.AddRequestedTransport(17);
        return buffer.AsSpan(0, writer.Length);
    }

    private static ReadOnlySpan<byte> Forged(byte[] buffer, LongTermKey key)
    {
        var writer = new StunWriter(buffer, StunMethod.Allocate, StunClass.Request, TransactionId.FromBytes(RandomNumberGenerator.GetBytes(12)));
        writer.AddRequestedTransport(17);
        writer.AddText(StunAttributeType.Username, "mallory");
        writer.AddText(StunAttributeType.Realm, "relay.test");
        writer.AddText(StunAttributeType.Nonce, "obMatJos2gAAA5f5e1000AAAAAAAAAAAAAAAA");
        writer.AddIntegrity(key.Bytes);
        return buffer.AsSpan(0, writer.Length);
    }

    /// <summary>Bytes that the relay's runtime has allocated since its start.</summary>
    private long Allocated()
    {
        var (_, text) = HomeNetwork.Run(relay.Network.Relay, TimeSpan.FromSeconds(10), "curl -s http://127.0.0.1:9464/metrics");
        var line = text.Split('\n').First(line => line.StartsWith("dotnet_gc_heap_total_allocated_bytes_total", StringComparison.Ordinal));
        return long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }
}
