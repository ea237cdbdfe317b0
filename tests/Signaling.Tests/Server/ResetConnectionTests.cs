using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>A gateway's only connection ends on the wire while its GET is held: that is told after a second, not after 45 s of silence.</summary>
public sealed class ResetConnectionTests : IAsyncLifetime
{
    private ServerRig _rig = null!;

    public async Task InitializeAsync() => _rig = await ServerRig.StartAsync();

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gateway_whose_connection_was_reset_or_closed_is_suspect_and_its_event_says_so(bool isReset)
    {
        using Socket socket = await HoldAsync();
        Assert.Equal(PresenceState.Connected, _rig.Links.Presence(GatewayId));
        if (isReset)
            socket.LingerState = new LingerOption(true, 0); // Closing resets.
        socket.Close();
        await UntilAsync(() => Made().Length > 0, "the gateway is suspect");
        Assert.Equal(SmaEventKinds.GatewaySuspect, Assert.Single(Made()).Kind);
        Assert.Equal(PresenceState.Suspect, _rig.Links.Presence(GatewayId));
        Assert.Contains(_rig.Logs.Lines, line => line.Contains("The connection was reset and no other came within 1 s.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_gateway_that_has_another_connection_is_not_suspect()
    {
        using Socket first = await HoldAsync();
        using Socket second = await HoldAsync(held: 2);
        first.LingerState = new LingerOption(true, 0);
        first.Close();
        // The other gateway's reset comes later, so when it is told the first one's time is over too.
        await UntilAsync(() => _rig.Links.HeldRequests == 1, "the server knows of the reset");
        using Socket other = await HoldAsync(Other, held: 2);
        other.LingerState = new LingerOption(true, 0);
        other.Close();
        await UntilAsync(() => _rig.Links.Presence(Other) == PresenceState.Suspect, "the other gateway is suspect");
        Assert.Equal(PresenceState.Connected, _rig.Links.Presence(GatewayId));
        Assert.Empty(Made());
    }

    /// <summary>A held GET for instructions on a connection of its own.</summary>
    private async Task<Socket> HoldAsync(string gateway = GatewayId, int held = 1)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _rig.Address.Port);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ClientCertificates = [_rig.CertificateOf(gateway)],
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        });
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET /sma/1/gw/{gateway}/instructions?after=0&wait=20 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        await UntilAsync(() => _rig.Links.HeldRequests == held, "the GET is held");
        return socket;
    }

    private SmaEvent[] Made() => [.. _rig.Storage.Events.Read(0, 100).Where(e => e.Gateway == GatewayId && e.Epoch == IO.Storage.StoredEvent.ServerEpoch).Select(e => e.Event)];
}
