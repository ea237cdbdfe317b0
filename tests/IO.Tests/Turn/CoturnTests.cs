using MediaRelay.Server.TurnTest;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Our client against a foreign server.</summary>
public sealed class CoturnTests(Coturn coturn) : IClassFixture<Coturn>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("turn:127.0.0.1:{0}", IpFamily.None)]
    [InlineData("turn:127.0.0.1:{0}?transport=tcp", IpFamily.V4)]
    [InlineData("turns:127.0.0.1:{1}", IpFamily.None)]
    [InlineData("turns:127.0.0.1:{1}?transport=udp", IpFamily.None)]
    [InlineData("turn:[::1]:{0}", IpFamily.V6)]
    public async Task Every_step_of_the_turn_test_succeeds(string template, IpFamily family)
    {
        var steps = await RunAsync(template, Coturn.Password, insecure: true, family);
        Assert.All(steps, step => Assert.True(step.Succeeded, $"{step.Name}: {step.Words}"));
        Assert.Equal(["resolve", "connect", "binding", "challenge", "allocate", "second allocation", "permission", "send and data", "channel", "channel data", "refresh", "delete"],
            steps.Select(s => s.Name));
        if (family == IpFamily.V6)
            Assert.Contains("[::1]:", steps[4].Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_told_as_such()
    {
        var last = (await RunAsync("turn:127.0.0.1:{0}", "wrong", insecure: false, IpFamily.None))[^1];
        Assert.Equal(("allocate", false), (last.Name, last.Succeeded));
        Assert.Equal("Allocate was refused: 401 Unauthenticated. Wrong password for user alice, unknown user, or a timed name that has expired.", last.Words);
    }

    [Fact]
    public async Task A_certificate_that_does_not_hold_is_told_as_such()
    {
        var last = (await RunAsync("turns:127.0.0.1:{1}", Coturn.Password, insecure: false, IpFamily.None))[^1];
        Assert.Equal(("connect", false), (last.Name, last.Succeeded));
        Assert.Contains("the certificate is for localhost", last.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dual_allocation_gives_both_families()
    {
        await using var session = await TurnSession.OpenAsync(Settings(StunTransport.Udp) with { DualFamily = true }, "localhost", insecure: true, CancellationToken.None);
        await session.DoAsync((c, now, list) => c.Start(now, list), CancellationToken.None);
        var told = await session.WaitAsync(c => c is TurnClientCommand.Allocated or TurnClientCommand.RequestFailed, Patience, CancellationToken.None);
        var allocated = Assert.IsType<TurnClientCommand.Allocated>(told);
        Assert.Equal([IpFamily.V4, IpFamily.V6], allocated.Relayed.Select(a => a.Family).Order());
        await session.DoAsync((c, now, list) => c.Close(now, list), CancellationToken.None);
        Assert.NotNull(await session.WaitAsync(c => c is TurnClientCommand.Closed, Patience, CancellationToken.None));
    }

    [Fact]
    public async Task An_even_port_with_reservation_gives_the_next_port_to_the_second_allocation()
    {
        await using var first = await AllocateAsync(Settings(StunTransport.Udp) with { EvenPort = true, ReserveNextPort = true });
        var token = Assert.IsType<ulong>(first.Told.ReservationToken);
        await using var second = await AllocateAsync(Settings(StunTransport.Udp) with { ReservationToken = token });
        Assert.Equal(0, first.Told.Relayed[0].Port % 2);
        Assert.Equal(first.Told.Relayed[0].Port + 1, second.Told.Relayed[0].Port);
    }

    [Fact]
    public async Task A_tcp_allocation_carries_bytes_to_a_listening_peer()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var peer = TransportAddress.From((System.Net.IPEndPoint)listener.LocalEndpoint);
        await using var control = await AllocateAsync(Settings(StunTransport.Tcp) with { TcpAllocation = true });
        await control.Session.DoAsync((c, now, list) => c.Connect(peer, now, list), CancellationToken.None);
        using var accepted = await listener.AcceptSocketAsync().WaitAsync(Patience);
        var told = await control.Session.WaitAsync(c => c is TurnClientCommand.ConnectionOffered or TurnClientCommand.RequestFailed, Patience, CancellationToken.None);
        var offered = Assert.IsType<TurnClientCommand.ConnectionOffered>(told);
        Assert.Equal(peer, offered.Peer);

        // The data connection: ConnectionBind in front, then the peer's bytes without framing.
        await using var data = await TurnLink.ConnectAsync(StunTransport.Tcp, control.Session.Client.Server, "localhost", insecure: true, CancellationToken.None);
        await control.Session.DoAsync((c, now, list) => c.BindConnection(offered.ConnectionId, now, list), CancellationToken.None);
        var bind = Assert.IsType<TurnClientCommand.SendOnConnection>(
            await control.Session.WaitAsync(c => c is TurnClientCommand.SendOnConnection, Patience, CancellationToken.None));
        await data.SendAsync(bind.Bytes, CancellationToken.None);
        var answer = (await data.ReceiveAsync(CancellationToken.None).AsTask().WaitAsync(Patience)).ToArray();
        await control.Session.DoAsync((c, now, list) => c.HandleReceived(answer, now, list), CancellationToken.None);
        Assert.NotNull(await control.Session.WaitAsync(c => c is TurnClientCommand.ConnectionBound, Patience, CancellationToken.None));
        await data.SendAsync("hello"u8.ToArray(), CancellationToken.None);
        var buffer = new byte[16];
        Assert.Equal(5, await accepted.ReceiveAsync(buffer).WaitAsync(Patience));
        Assert.Equal("hello"u8.ToArray(), buffer[..5]);
    }

    [Fact]
    public async Task A_redirect_over_tcp_is_followed_to_the_other_server()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var redirecting = RedirectOnceAsync(listener, TransportAddress.Parse($"127.0.0.1:{coturn.Port}"));
        var settings = Settings(StunTransport.Tcp) with { Server = TransportAddress.From((System.Net.IPEndPoint)listener.LocalEndpoint) };
        await using var session = await TurnSession.OpenAsync(settings, "localhost", insecure: true, CancellationToken.None);
        await session.DoAsync((c, now, list) => c.Start(now, list), CancellationToken.None);
        var told = await session.WaitAsync(c => c is TurnClientCommand.Allocated or TurnClientCommand.RequestFailed, Patience, CancellationToken.None);
        Assert.IsType<TurnClientCommand.Allocated>(told);
        Assert.Equal(coturn.Port, session.Client.Server.Port);
        await redirecting;
    }

    [Fact]
    public async Task Nothing_listening_is_told_within_the_patience()
    {
        var steps = new List<TurnTestStep>();
        Assert.True(StunUri.TryParse("turn:127.0.0.1:1", out var uri));
        var settings = new TurnTestSettings { Server = uri!, Patience = TimeSpan.FromSeconds(1) };
        Assert.False(await new TurnTester(settings, steps.Add).RunAsync(CancellationToken.None));
        Assert.Equal("binding", steps[^1].Name);
    }

    private static async Task RedirectOnceAsync(System.Net.Sockets.TcpListener listener, TransportAddress other)
    {
        using var socket = await listener.AcceptSocketAsync().WaitAsync(Patience);
        var buffer = new byte[1500];
        var length = await socket.ReceiveAsync(buffer).WaitAsync(Patience);
        await socket.SendAsync(Redirect(buffer.AsSpan(0, length), other));
    }

    private static byte[] Redirect(ReadOnlySpan<byte> request, TransportAddress other)
    {
        Assert.True(StunMessage.TryRead(request, out var message, out _));
        var writer = StunWriter.Reply(new byte[256], message, StunClass.Error);
        writer.AddErrorCode(StunErrorCode.TryAlternate);
        writer.AddAddress(StunAttributeType.AlternateServer, other);
        return writer.Written.ToArray();
    }

    private TurnClientSettings Settings(StunTransport transport) => new()
    {
        Server = TransportAddress.Parse($"127.0.0.1:{coturn.Port}"),
        Transport = transport,
        Credential = TurnCredential.FromPassword(Coturn.User, Coturn.Password),
    };

    private static async Task<Held> AllocateAsync(TurnClientSettings settings)
    {
        var session = await TurnSession.OpenAsync(settings, "localhost", insecure: true, CancellationToken.None);
        await session.DoAsync((c, now, list) => c.Start(now, list), CancellationToken.None);
        var told = await session.WaitAsync(c => c is TurnClientCommand.Allocated or TurnClientCommand.RequestFailed, Patience, CancellationToken.None);
        return new Held(session, Assert.IsType<TurnClientCommand.Allocated>(told));
    }

    private async Task<List<TurnTestStep>> RunAsync(string template, string password, bool insecure, IpFamily family)
    {
        var text = template.Replace("{0}", $"{coturn.Port}", StringComparison.Ordinal).Replace("{1}", $"{coturn.TlsPort}", StringComparison.Ordinal);
        Assert.True(StunUri.TryParse(text, out var uri));
        var steps = new List<TurnTestStep>();
        var settings = new TurnTestSettings { Server = uri!, Credential = TurnCredential.FromPassword(Coturn.User, password), Insecure = insecure, Family = family };
        var succeeded = await new TurnTester(settings, steps.Add).RunAsync(CancellationToken.None);
        Assert.Equal(steps.TrueForAll(s => s.Succeeded), succeeded);
        return steps;
    }

    private sealed record Held(TurnSession Session, TurnClientCommand.Allocated Told) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Session.DisposeAsync();
    }
}
