using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MediaRelay.Dtls;
using MediaRelay.Media.IO;

namespace MediaRelay.IO.Tests.Media;

/// <summary>
/// What comes from an address that no ICE check has proved changes nothing: several media servers tore calls down on a stranger's ClientHello.
/// </summary>
public sealed partial class StrangerTests : IAsyncLifetime
{
    private readonly MediaHost _sender = MediaEndpointTests.Host();
    private readonly MediaHost _receiver = MediaEndpointTests.Host();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_ClientHello_or_RTP_packet_from_a_stranger_changes_nothing_before_during_and_after_the_handshake()
    {
        await using var camera = _sender.OpenSource(new SyntheticCamera());
        await using var source = _sender.CreateEndpoint(new MediaEndpointSettings { Source = camera });
        await using var sink = _receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true, ReceiveAudio = true });
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var offer = await source.CreateOfferAsync();
        var target = PortOf(offer);
        var before = await FloodAsync(stranger, source, target, 50);
        Assert.Equal(MediaEndpointState.New, source.State);

        var answer = await sink.CreateAnswerAsync(offer);
        var other = PortOf(answer);
        var accepting = source.SetAnswerAsync(answer);
        var during = await FloodAsync(stranger, source, target, 50);
        await FloodAsync(stranger, sink, other, 50);
        await accepting;
        await Task.WhenAll(source.Connected, sink.Connected).WaitAsync(TimeSpan.FromSeconds(10));

        await Until.TrueAsync(() => sink.IncomingLevel.Packets > 5, "sound arrives");
        var states = new List<MediaEndpointState>();
        source.StateChanged += (state, _) => states.Add(state);
        sink.StateChanged += (state, _) => states.Add(state);
        await FloodAsync(stranger, source, target, 50);
        await FloodAsync(stranger, sink, other, 50);
        var heard = sink.IncomingLevel.Packets;
        await Until.TrueAsync(() => sink.IncomingLevel.Packets > heard + 10, "sound goes on");
        Assert.Empty(states);
        Assert.True(before > 0 && during > 0);
        var report = await source.GetStatisticsAsync();
        Assert.Equal("connected", report.Single(r => r.Type == "transport").Values["dtlsState"]);
        // Not one answer went to the stranger.
        Assert.Equal(0, stranger.Available);
        Assert.DoesNotContain(await sink.GetStatisticsAsync(), r => r.Type == "inbound-rtp" && r.Values["ssrc"] is 0xBADBADL);
    }

    /// <summary>Sends ClientHellos, broken handshakes and media, and gives how many of them the endpoint dropped.</summary>
    private static async Task<long> FloodAsync(Socket stranger, MediaEndpoint endpoint, int port, int rounds)
    {
        var certificate = DtlsCertificate.CreateSelfSigned(DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
        using var context = new DtlsContext(certificate, DtlsContextSettings.Srtp);
        using var dtls = new DtlsSession(context, DtlsRole.Client);
        dtls.Start(TimeSpan.Zero);
        var hello = new byte[2000];
        Assert.True(dtls.TryTakeDatagram(hello, out var length));
        byte[] rtp = [0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0xBA, 0xDB, 0xAD, .. new byte[100]];
        byte[] rtcp = [0x80, 203, 0, 1, 0, 0xBA, 0xDB, 0xAD, .. new byte[20]];
        byte[] alert = [21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40];
        var dropped = endpoint.Counters.Dropped;
        var to = new IPEndPoint(IPAddress.Loopback, port);
        for (var i = 0; i < rounds; i++)
        {
            stranger.SendTo(hello.AsSpan(0, length), SocketFlags.None, to);
            stranger.SendTo(hello.AsSpan(0, length / 2), SocketFlags.None, to);
            stranger.SendTo(rtp, to);
            stranger.SendTo(rtcp, to);
            stranger.SendTo(alert, to);
        }
        await Until.TrueAsync(() => endpoint.Counters.Dropped >= dropped + 5 * rounds, "all are dropped");
        return endpoint.Counters.Dropped - dropped;
    }

    private static int PortOf(string sdp) => int.Parse(Candidate().Match(sdp).Groups[1].Value);

    [GeneratedRegex(@"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host", RegexOptions.IgnoreCase)]
    private static partial Regex Candidate();
}
