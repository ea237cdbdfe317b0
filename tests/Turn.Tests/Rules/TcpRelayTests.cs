using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>RFC 6062 section 5.</summary>
public sealed class TcpRelayTests
{
    private readonly byte[] _reply = new byte[RelayEngine.MaxReply];

    [Theory]
    [InlineData(Scene.UdpV4, "", 400)]
    [InlineData(Scene.TcpV4, "", 0)]
    [InlineData(Scene.TlsV4, "", 0)]
    [InlineData(Scene.DtlsV4, "", 400)]
    [InlineData(Scene.TcpV4, "DONT-FRAGMENT", 400)]
    [InlineData(Scene.TcpV4, "EVEN-PORT", 400)]
    [InlineData(Scene.TcpV4, "RESERVATION-TOKEN", 400)]
    public void Section_5_1_a_TCP_allocation_needs_a_stream_and_no_UDP_attributes(ushort listener, string extra, int code)
    {
        var scene = Tcp();
        var client = scene.Client(listener: listener, connection: 1);
        var answer = client.Allocate(
            (ref StunWriter w) =>
            {
                if (extra == "DONT-FRAGMENT")
                {
                    w.Add(StunAttributeType.DontFragment, []);
                }
                else if (extra == "EVEN-PORT")
                {
                    w.AddEvenPort(false);
                }
                else if (extra == "RESERVATION-TOKEN")
                {
                    w.AddUInt64(StunAttributeType.ReservationToken, 1);
                }
            },
            protocol: 6);
        Assert.Equal(code, answer.Code);
        Assert.Equal(code == 0, scene.Commands.Any(c => c.Kind == RelayCommandKind.OpenPort && c.IsTcp));
    }

    /// <summary>Gateways and viewers of a look-in have credentials that name their session; TCP services are not for them.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("realm-of-another-issuer", 0)]
    [InlineData("s-1~", 403)]
    [InlineData("s-1~r100", 403)]
    public void A_credential_of_a_session_gets_no_TCP_allocation(string scope, int code)
    {
        var scene = Tcp();
        var credential = scope.Length == 0 ? TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17") : TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", scope);
        Assert.Equal(code, scene.Client(credential.Username, credential.Password, listener: Scene.TcpV4, connection: 1).Allocate(protocol: 6).Code);
        Assert.Equal(0, scene.Client(credential.Username, credential.Password, listener: Scene.TcpV4, connection: 2).Allocate().Code);
    }

    [Fact]
    public void Section_5_1_forbidden_UDP_gets_403()
    {
        var scene = new Scene(settings: s => s with { AllowsTcpRelay = true, AllowsUdpRelay = false });
        Assert.Equal(403, scene.Client().Allocate().Code);
    }

    [Fact]
    public void Section_5_2_Connect_waits_for_the_shell_and_then_names_the_connection()
    {
        var (scene, client) = Allocated();
        Assert.True(Connect(client, Scene.Peer).IsSilent);
        var command = Assert.Single(scene.Commands);
        Assert.Equal((RelayCommandKind.ConnectPeer, Scene.Peer, client.Port), (command.Kind, command.Peer, command.Port));
        Assert.Equal(446, Connect(client, Scene.Peer).Code);
        var answer = Connected(scene, command.ConnectionId, out var to);
        Assert.Equal(client.Path, to);
        Assert.Equal(0, answer.Code);
        Assert.True(answer.Verifies(client.Key));
        Assert.True(answer.Read().TryGetConnectionId(out var id));
        Assert.Equal(command.ConnectionId, id);
        Assert.Equal(446, Connect(client, Scene.Peer).Code);
        Assert.Equal(0, scene.Engine.HandlePeerConnected(id, scene.Now, _reply, out _));
    }

    [Fact]
    public void Section_5_2_a_failed_connect_gets_447_and_may_be_tried_again()
    {
        var (scene, client) = Allocated();
        Connect(client, Scene.Peer);
        var length = scene.Engine.HandlePeerFailed(scene.Commands[0].ConnectionId, scene.Now, _reply, out _);
        var answer = new Answer(_reply[..length]);
        Assert.Equal(447, answer.Code);
        Assert.True(answer.Verifies(client.Key));
        Assert.True(Connect(client, Scene.Peer).IsSilent);
    }

    [Fact]
    public void Section_5_2_missing_forbidden_or_foreign_peers_are_refused()
    {
        var (scene, client) = Allocated();
        Assert.Equal(400, client.Request(StunMethod.Connect).Code);
        Assert.Equal(403, Connect(client, TransportAddress.Parse("127.0.0.1:80")).Code);
        Assert.Equal(403, Connect(client, Scene.ServerV4).Code);
        Assert.Equal(443, Connect(client, Scene.PeerV6).Code);
        Assert.Equal(400, Connect(scene.Allocated(address: "192.0.2.33:1"), Scene.Peer).Code); // a UDP allocation
        Assert.Equal(437, Connect(scene.Client(address: "192.0.2.34:1", listener: Scene.TcpV4, connection: 9), Scene.Peer).Code);
    }

    [Fact]
    public void Section_5_2_an_unbound_connection_is_closed_after_30_seconds()
    {
        var (scene, client) = Allocated();
        Connect(client, Scene.Peer);
        var id = scene.Commands[0].ConnectionId;
        Connected(scene, id, out _);
        scene.Advance(TimeSpan.FromSeconds(29.8));
        Assert.DoesNotContain(scene.Commands, c => c.Kind == RelayCommandKind.ClosePeer);
        scene.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePeer && c.ConnectionId == id);
        Assert.Equal(400, Bind(scene, id).Code);
    }

    [Fact]
    public void Section_5_3_an_incoming_connection_needs_a_permission_and_is_announced()
    {
        var (scene, client) = Allocated();
        Assert.Equal(0, scene.Engine.HandlePeerAccepted(client.Port, Scene.Peer, scene.Now, _reply, out _, out _));
        client.Permit(Scene.Peer);
        var length = scene.Engine.HandlePeerAccepted(client.Port, Scene.Peer, scene.Now, _reply, out var to, out var id);
        Assert.Equal(client.Path, to);
        Assert.True(StunMessage.TryRead(_reply.AsSpan(0, length), out var message, out _));
        Assert.Equal((StunMethod.ConnectionAttempt, StunClass.Indication), (message.Method, message.Class));
        Assert.True(message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer) && peer == Scene.Peer);
        Assert.True(message.TryGetConnectionId(out var named) && named == id);
        Assert.Equal(0, Bind(scene, id).Code);
    }

    [Fact]
    public void Section_5_4_ConnectionBind_joins_once_on_a_stream_with_the_same_user()
    {
        var (scene, client) = Allocated();
        Connect(client, Scene.Peer);
        var id = scene.Commands[0].ConnectionId;
        Assert.Equal(400, Bind(scene, id).Code); // not connected yet
        Connected(scene, id, out _);
        Assert.Equal(400, Bind(scene, id + 1).Code);
        Assert.Equal(400, Bind(scene, id, listener: Scene.UdpV4).Code);
        Assert.Equal(441, Bind(scene, id, "bob", "builder").Code);
        Assert.Equal(400, scene.Client(listener: Scene.TcpV4, connection: 50).Request(StunMethod.ConnectionBind).Code);
        Assert.Equal(0, Bind(scene, id).Code);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.JoinPeer && c.ConnectionId == id && c.Client.Connection == 2);
        Assert.Equal(400, Bind(scene, id).Code);
        Assert.True(scene.Engine.TryCountStream(id, 1000, toPeer: true, scene.Now));
        Assert.Equal(1000, scene.Engine.Snapshot(scene.Now)[0].BytesToPeer);
    }

    [Theory]
    [InlineData("client")]
    [InlineData("peer")]
    [InlineData("expiry")]
    public void Section_5_5_each_end_takes_the_other_with_it(string first)
    {
        var (scene, client) = Allocated();
        Connect(client, Scene.Peer);
        var id = scene.Commands[0].ConnectionId;
        Connected(scene, id, out _);
        Bind(scene, id);
        var data = scene.Commands.Single(c => c.Kind == RelayCommandKind.JoinPeer).Client;
        scene.Commands.Clear();
        switch (first)
        {
            case "client":
                scene.Engine.HandleClientClosed(data, scene.Now, scene.Commands);
                Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePeer && c.ConnectionId == id);
                Assert.Equal(1, scene.Engine.AllocationCount);
                break;
            case "peer":
                scene.Engine.HandlePeerClosed(id, scene.Commands);
                Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.CloseClient && c.Client == data);
                break;
            default:
                scene.Advance(TimeSpan.FromSeconds(601));
                Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePeer && c.ConnectionId == id);
                Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.CloseClient && c.Client == data);
                break;
        }

        Assert.False(scene.Engine.TryCountStream(id, 1, toPeer: true, scene.Now));
    }

    [Fact]
    public void A_TCP_allocation_relays_no_datagrams_and_no_channels()
    {
        var (scene, client) = Allocated();
        client.Permit(Scene.Peer);
        Assert.Equal(400, client.Bind(0x4000, Scene.Peer).Code);
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
        Assert.Null(scene.FromPeer(client.Port, Scene.Peer, [1]));
    }

    private static Scene Tcp() => new(settings: s => s with { AllowsTcpRelay = true });

    private static (Scene Scene, TestClient Client) Allocated()
    {
        var scene = Tcp();
        var client = scene.Client(listener: Scene.TcpV4, connection: 1);
        Assert.Equal(0, client.Allocate(protocol: 6).Code);
        scene.Commands.Clear();
        return (scene, client);
    }

    private static Answer Connect(TestClient client, TransportAddress peer) =>
        client.Request(StunMethod.Connect, (ref StunWriter w) => w.AddAddress(StunAttributeType.XorPeerAddress, peer));

    private static Answer Bind(Scene scene, uint id, string name = "alice", string password = "wonder", ushort listener = Scene.TcpV4) =>
        scene.Client(name, password, "192.0.2.10:4900", listener, 2).Request(StunMethod.ConnectionBind, (ref StunWriter w) => w.AddUInt32(StunAttributeType.ConnectionId, id));

    private Answer Connected(Scene scene, uint id, out FiveTuple to) =>
        new(_reply[..scene.Engine.HandlePeerConnected(id, scene.Now, _reply, out to)]);
}
