using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>RFC 8656 sections 9, 10 and 12.2.</summary>
public sealed class PermissionAndChannelTests
{
    [Fact]
    public void Section_9_a_permission_lasts_300_seconds_in_both_directions()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(0, client.Permit(Scene.Peer).Code);
        scene.Advance(TimeSpan.FromSeconds(299.9));
        Assert.NotNull(client.SendIndication(Scene.Peer, [1]));
        Assert.NotNull(scene.FromPeer(client.Port, Scene.Peer, [1]));
        scene.Now += TimeSpan.FromSeconds(0.1); // to the instant, whether or not the timer ran
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
        Assert.Null(scene.FromPeer(client.Port, Scene.Peer, [1]));
    }

    [Fact]
    public void Section_9_data_does_not_refresh_a_permission_but_CreatePermission_does()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        scene.Advance(TimeSpan.FromSeconds(200));
        Assert.NotNull(client.SendIndication(Scene.Peer, [1]));
        Assert.NotNull(scene.FromPeer(client.Port, Scene.Peer, [1]));
        client.Permit(Scene.OtherPeer);
        scene.Advance(TimeSpan.FromSeconds(101));
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
        Assert.NotNull(client.SendIndication(Scene.OtherPeer, [1]));
        client.Permit(Scene.OtherPeer);
        scene.Advance(TimeSpan.FromSeconds(250));
        Assert.NotNull(client.SendIndication(Scene.OtherPeer, [1]));
    }

    [Fact]
    public void Section_9_only_addresses_are_compared_not_ports()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer.WithPort(0));
        Assert.NotNull(scene.FromPeer(client.Port, Scene.Peer.WithPort(1), [1]));
        Assert.NotNull(scene.FromPeer(client.Port, Scene.Peer.WithPort(65535), [1]));
        Assert.Null(scene.FromPeer(client.Port, Scene.OtherPeer, [1]));
    }

    [Fact]
    public void Section_9_permissions_of_one_allocation_do_not_serve_another()
    {
        var scene = new Scene();
        var first = scene.Allocated();
        var second = scene.Allocated(address: "192.0.2.11:4000");
        first.Permit(Scene.Peer);
        Assert.Null(scene.FromPeer(second.Port, Scene.Peer, [1]));
        Assert.Null(second.SendIndication(Scene.Peer, [1]));
    }

    [Fact]
    public void Section_10_2_a_request_without_peer_gets_400()
    {
        var scene = new Scene();
        Assert.Equal(400, scene.Allocated().Permit().Code);
    }

    [Fact]
    public void Section_10_2_a_malformed_peer_gets_400_and_nothing_is_installed()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        var answer = client.Request(StunMethod.CreatePermission, (ref StunWriter w) =>
        {
            w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
            w.Add(StunAttributeType.XorPeerAddress, [0, 9, 1, 2, 3, 4, 5, 6]);
        });
        Assert.Equal(400, answer.Code);
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
    }

    [Fact]
    public void Section_10_2_another_family_than_the_relayed_address_gets_443()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(443, client.Permit(Scene.Peer, Scene.PeerV6).Code);
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
    }

    [Fact]
    public void Section_10_2_one_forbidden_peer_refuses_all_with_403()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(403, client.Permit(Scene.Peer, TransportAddress.Parse("10.0.0.1:1")).Code);
        Assert.Equal("10.0.0.1:1", scene.Engine.LastOutcome.Peer.ToString());
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
    }

    [Fact]
    public void Section_10_2_more_permissions_than_allowed_get_508_and_nothing_is_installed()
    {
        var scene = new Scene(limits: l => l with { Permissions = 4 });
        var client = scene.Allocated();
        Assert.Equal(0, client.Permit(Peer(1), Peer(2), Peer(3)).Code);
        Assert.Equal(508, client.Permit(Peer(4), Peer(5)).Code);
        Assert.Null(client.SendIndication(Peer(4), [1]));
        Assert.Equal(0, client.Permit(Peer(1), Peer(1), Peer(4)).Code);
        Assert.Equal(508, client.Bind(0x4000, Peer(9)).Code);
    }

    [Fact]
    public void Section_10_2_more_peers_in_one_request_than_allowed_get_400()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(0, client.Permit([.. Enumerable.Range(1, 16).Select(Peer)]).Code);
        Assert.Equal(400, client.Permit([.. Enumerable.Range(1, 17).Select(Peer)]).Code);
    }

    [Theory]
    [InlineData(0x3FFF, 400)]
    [InlineData(0x4000, 0)]
    [InlineData(0x4FFF, 0)]
    [InlineData(0x5000, 400)]
    [InlineData(0x7FFF, 400)]
    [InlineData(0, 400)]
    public void Section_12_2_the_channel_number_must_be_in_range(int number, int code)
    {
        var scene = new Scene();
        Assert.Equal(code, scene.Allocated().Bind((ushort)number, Scene.Peer).Code);
    }

    [Fact]
    public void Section_12_2_a_peer_of_another_family_than_the_relayed_address_gets_443()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(443, client.Bind(0x4000, Scene.PeerV6).Code);
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
    }

    [Fact]
    public void Section_18_1_reserved_bits_behind_the_channel_number_are_ignored()
    {
        var client = new Scene().Allocated();
        var answer = client.Request(StunMethod.ChannelBind, (ref StunWriter w) =>
        {
            w.AddUInt32(StunAttributeType.ChannelNumber, 0x4007_FFFF);
            w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
        });
        Assert.Equal(0, answer.Code);
        Assert.NotNull(client.SendChannelData(0x4007, [1]));
    }

    [Theory]
    [InlineData(0x5000, 0)]
    [InlineData(0x7FFF, 0)]
    [InlineData(0x8000, 400)]
    [InlineData(0x3FFF, 400)]
    public void The_range_of_RFC_5766_is_served_only_where_it_is_switched_on(int number, int code)
    {
        var scene = new Scene(settings: s => s with { AllowsOldChannelNumbers = true });
        var client = scene.Allocated();
        Assert.Equal(code, client.Bind((ushort)number, Scene.Peer).Code);
        Assert.Equal(code == 0, client.SendChannelData((ushort)number, [1]) is not null);
        Assert.True(code != 0 || scene.FromPeer(client.Port, Scene.Peer, [1])![0] == number >> 8);
        Assert.Null(new Scene().Allocated().SendChannelData((ushort)number, [1]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Section_12_2_both_attributes_must_be_present(bool number)
    {
        var scene = new Scene();
        var answer = scene.Allocated().Request(StunMethod.ChannelBind, (ref StunWriter w) =>
        {
            if (number)
            {
                w.AddChannelNumber(0x4000);
            }
            else
            {
                w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
            }
        });
        Assert.Equal(400, answer.Code);
    }

    [Fact]
    public void Section_12_2_a_number_bound_to_another_peer_and_a_peer_bound_to_another_number_get_400()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
        Assert.Equal(400, client.Bind(0x4000, Scene.OtherPeer).Code);
        Assert.Equal(400, client.Bind(0x4000, Scene.Peer.WithPort(7002)).Code);
        Assert.Equal(400, client.Bind(0x4001, Scene.Peer).Code);
        Assert.Equal(0, client.Bind(0x4001, Scene.Peer.WithPort(7002)).Code);
        Assert.Equal(403, client.Bind(0x4002, TransportAddress.Parse("127.0.0.1:5")).Code);
        Assert.Equal(443, client.Bind(0x4002, Scene.PeerV6).Code);
        Assert.Equal(400, client.Bind(0x4002, Scene.Peer.WithPort(0)).Code);
    }

    [Fact]
    public void Section_12_a_channel_lasts_600_seconds_and_a_ChannelBind_refreshes_channel_and_permission()
    {
        var scene = new Scene(limits: l => l with { PermissionLifetime = TimeSpan.FromHours(1) });
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddLifetime(3600));
        client.Bind(0x4000, Scene.Peer);
        scene.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
        scene.Advance(TimeSpan.FromSeconds(599.9));
        Assert.NotNull(client.SendChannelData(0x4000, [1]));
        scene.Now += TimeSpan.FromSeconds(0.1);
        Assert.Null(client.SendChannelData(0x4000, [1]));
        Assert.Equal(0, client.Bind(0x4000, Scene.OtherPeer).Code);
        Assert.Equal(0, client.Bind(0x4001, Scene.Peer).Code);
    }

    [Fact]
    public void Section_12_2_ChannelBind_installs_the_permission_whose_end_stops_the_channel()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelBound && c.Channel == 0x4000 && c.Peer == Scene.Peer && c.Port == client.Port && c.Client == client.Path);
        Assert.NotNull(client.SendIndication(Scene.Peer, [1]));
        scene.Advance(TimeSpan.FromSeconds(300.2));
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelGone && c.Channel == 0x4000);
        Assert.Null(client.SendChannelData(0x4000, [1]));
        Assert.Null(scene.FromPeer(client.Port, Scene.Peer, [1]));
        client.Permit(Scene.Peer);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelBound && c.Channel == 0x4000);
        Assert.NotNull(client.SendChannelData(0x4000, [1]));
    }

    [Fact]
    public void More_channels_than_allowed_get_508()
    {
        var scene = new Scene(limits: l => l with { Channels = 2 });
        var client = scene.Allocated();
        Assert.Equal(0, client.Bind(0x4000, Peer(1)).Code);
        Assert.Equal(0, client.Bind(0x4001, Peer(2)).Code);
        Assert.Equal(508, client.Bind(0x4002, Peer(3)).Code);
        Assert.Equal(0, client.Bind(0x4001, Peer(2)).Code);
    }

    private static TransportAddress Peer(int number) => TransportAddress.V4(0x3301_0000u + (uint)number, (ushort)(8000 + number));
}
