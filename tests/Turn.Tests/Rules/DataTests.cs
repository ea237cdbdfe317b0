using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>RFC 8656 sections 11 to 15: data in both directions, ICMP, header fields.</summary>
public sealed class DataTests
{
    private static readonly byte[] Payload = [.. Enumerable.Range(0, 173).Select(i => (byte)i)];

    [Fact]
    public void Section_11_2_a_Send_indication_becomes_a_datagram_from_the_relayed_address()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        var forward = client.SendIndication(Scene.Peer.WithPort(9), Payload)!.Value;
        Assert.Equal(client.Port, forward.Port);
        Assert.Equal(Scene.Peer.WithPort(9), forward.Destination);
        Assert.Equal(Payload, client.LastPayload);
    }

    [Fact]
    public void Section_11_2_DATA_may_be_empty()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        Assert.Equal(0, client.SendIndication(Scene.Peer, [])!.Value.Length);
    }

    [Theory]
    [InlineData("no peer")]
    [InlineData("no data")]
    [InlineData("malformed peer")]
    [InlineData("unknown required attribute")]
    [InlineData("no permission")]
    [InlineData("other family")]
    [InlineData("port 0")]
    public void Section_11_2_a_Send_indication_that_is_not_in_order_is_discarded_silently(string fault)
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        var message = client.Plain(
            StunMethod.Send,
            (ref StunWriter w) =>
            {
                switch (fault)
                {
                    case "no peer":
                        break;
                    case "malformed peer":
                        w.Add(StunAttributeType.XorPeerAddress, [0, 1, 2]);
                        break;
                    case "no permission":
                        w.AddAddress(StunAttributeType.XorPeerAddress, Scene.OtherPeer);
                        break;
                    case "other family":
                        w.AddAddress(StunAttributeType.XorPeerAddress, Scene.PeerV6);
                        break;
                    case "port 0":
                        w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer.WithPort(0));
                        break;
                    default:
                        w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
                        break;
                }

                if (fault == "unknown required attribute")
                {
                    w.AddUInt32((StunAttributeType)0x0055, 0);
                }

                if (fault != "no data")
                {
                    w.Add(StunAttributeType.Data, Payload);
                }
            },
            StunClass.Indication);
        Assert.Null(client.Forwarded(message));
    }

    [Fact]
    public void Section_5_indications_and_ChannelData_without_allocation_are_ignored_silently()
    {
        var scene = new Scene();
        var client = scene.Client();
        Assert.Null(client.SendIndication(Scene.Peer, Payload));
        Assert.Null(client.SendChannelData(0x4000, Payload));
    }

    [Fact]
    public void Section_11_3_without_channel_the_client_gets_a_Data_indication_with_peer_and_data()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        var bytes = scene.FromPeer(client.Port, Scene.Peer, Payload, 0, out var forward)!;
        Assert.Equal(client.Path, forward.Client);
        Assert.True(StunMessage.TryRead(bytes, out var message, out _));
        Assert.Equal((StunMethod.Data, StunClass.Indication), (message.Method, message.Class));
        Assert.True(message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer));
        Assert.Equal(Scene.Peer, peer);
        Assert.True(message.TryGet(StunAttributeType.Data, out var data));
        Assert.Equal(Payload, data);
        Assert.Equal(0, bytes[^1]);
    }

    [Fact]
    public void Section_11_3_an_IPv6_peer_of_an_IPv4_client_fits_the_headroom()
    {
        var scene = new Scene();
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6));
        client.Permit(Scene.PeerV6);
        var bytes = scene.FromPeer(client.Port, Scene.PeerV6, Payload)!;
        Assert.True(StunMessage.TryRead(bytes, out var message, out _));
        Assert.True(message.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer));
        Assert.Equal(Scene.PeerV6, peer);
        Assert.True(message.TryGet(StunAttributeType.Data, out var data));
        Assert.Equal(Payload, data);
    }

    [Theory]
    [InlineData(65_000, true)]
    [InlineData(65_001, false)]
    public void A_payload_that_a_Data_indication_cannot_carry_is_dropped(int length, bool passes)
    {
        var scene = new Scene(limits: l => l with { AllocationBitRate = 0, SubscriberBitRate = 0 });
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        var bytes = scene.FromPeer(client.Port, Scene.Peer, new byte[length]);
        Assert.Equal(passes, bytes is not null);
        Assert.True(!passes || StunMessage.TryRead(bytes, out _, out _));
    }

    [Fact]
    public void Section_12_5_with_a_channel_the_server_must_use_ChannelData()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4ABC, Scene.Peer);
        var bytes = scene.FromPeer(client.Port, Scene.Peer, Payload)!;
        Assert.Equal([0x4A, 0xBC, 0, 173], bytes[..4]);
        Assert.Equal(Payload, bytes[4..]);
        // Another port of the peer has the permission but not the channel.
        Assert.Equal(0, scene.FromPeer(client.Port, Scene.Peer.WithPort(1), Payload)![0]);
    }

    [Theory]
    [InlineData(Scene.TcpV4)]
    [InlineData(Scene.TlsV4)]
    public void Section_12_5_over_a_stream_ChannelData_is_padded_to_four_bytes(ushort listener)
    {
        var scene = new Scene();
        var client = scene.Allocated(listener: listener, connection: 3);
        client.Bind(0x4000, Scene.Peer);
        for (var length = 0; length < 9; length++)
        {
            var bytes = scene.FromPeer(client.Port, Scene.Peer, Payload.AsSpan(0, length), 0, out var forward)!;
            Assert.Equal(4 + ((length + 3) & ~3), bytes.Length);
            Assert.Equal(length, bytes[3]);
            Assert.All(bytes[(4 + length)..], b => Assert.Equal(0, b));
            Assert.Equal(3, forward.Connection);
        }
    }

    [Fact]
    public void Section_12_6_ChannelData_goes_to_the_bound_peer_and_bytes_beyond_the_length_are_dropped()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        var forward = client.SendChannelData(0x4000, Payload)!.Value;
        Assert.Equal((4, 173, client.Port, Scene.Peer), (forward.Offset, forward.Length, forward.Port, forward.Destination));
        Assert.Equal(2, client.Forwarded([0x40, 0, 0, 2, 7, 8, 0, 0])!.Value.Length);
        Assert.Equal(0, client.Forwarded([0x40, 0, 0, 0])!.Value.Length);
    }

    [Theory]
    [InlineData(new byte[] { 0x40, 0, 0, 5, 1, 2, 3, 4 })] // too short for its length
    [InlineData(new byte[] { 0x40, 1, 0, 1, 1 })] // not bound
    [InlineData(new byte[] { 0x50, 0, 0, 1, 1 })] // reserved range
    [InlineData(new byte[] { 0x7F, 0, 0, 1, 1 })]
    [InlineData(new byte[] { 0x40, 0, 0 })]
    [InlineData(new byte[] { 0x80, 0, 0, 1, 1 })]
    [InlineData(new byte[] { 0xFF, 0, 0, 1, 1 })]
    [InlineData(new byte[] { 4, 0, 0, 1, 1 })]
    public void Section_12_6_what_is_not_good_ChannelData_is_discarded_silently(byte[] message)
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        Assert.Null(client.Forwarded(message));
    }

    [Fact]
    public void Section_12_6_ChannelData_refreshes_neither_binding_nor_permission()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        for (var i = 0; i < 30; i++)
        {
            scene.Advance(TimeSpan.FromSeconds(9.9));
            Assert.NotNull(client.SendChannelData(0x4000, [1]));
            Assert.NotNull(scene.FromPeer(client.Port, Scene.Peer, [1]));
        }

        scene.Advance(TimeSpan.FromSeconds(4));
        Assert.Null(client.SendChannelData(0x4000, [1]));
    }

    /// <summary>ICMP version, type, whether the client is told.</summary>
    [Theory]
    [InlineData(4, 3, true)]
    [InlineData(4, 11, true)]
    [InlineData(4, 0, false)]
    [InlineData(4, 5, false)]
    [InlineData(4, 12, false)]
    [InlineData(6, 1, true)]
    [InlineData(6, 2, true)]
    [InlineData(6, 3, true)]
    [InlineData(6, 4, false)]
    [InlineData(6, 128, false)]
    public void Section_11_5_ICMP_errors_of_the_right_type_reach_the_client(int version, int type, bool told)
    {
        var scene = new Scene();
        var client = scene.Client();
        var peer = version == 4 ? Scene.Peer : Scene.PeerV6;
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, peer.Family));
        client.Bind(0x4000, peer);
        var message = new byte[RelayEngine.MaxReply];
        var length = scene.Engine.HandlePeerError(client.Port, peer, new IcmpError((byte)type, 4, 1400), scene.Now, message, out var to);
        Assert.Equal(told, length > 0);
        if (told)
        {
            Assert.Equal(client.Path, to);
            Assert.True(StunMessage.TryRead(message.AsSpan(0, length), out var read, out _));
            Assert.Equal(StunMethod.Data, read.Method); // a Data indication even with a channel bound
            Assert.True(read.TryGetAddress(StunAttributeType.XorPeerAddress, out var named));
            Assert.Equal(peer, named);
            Assert.True(read.TryGetIcmp(out var icmp));
            Assert.Equal(new IcmpError((byte)type, 4, 1400), icmp);
        }
    }

    [Fact]
    public void Section_11_5_ICMP_errors_for_a_peer_without_permission_are_dropped()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        var message = new byte[RelayEngine.MaxReply];
        Assert.Equal(0, scene.Engine.HandlePeerError(client.Port, Scene.OtherPeer, new IcmpError(3, 1, 0), scene.Now, message, out _));
        Assert.NotEqual(0, scene.Engine.HandlePeerError(client.Port, Scene.Peer.WithPort(0), new IcmpError(3, 1, 0), scene.Now, message, out _));
    }

    [Fact]
    public void Section_14_DSCP_and_ECN_are_copied_between_UDP_sockets()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        Assert.Equal(0xBB, client.SendChannelData(0x4000, [1], 0xBB)!.Value.TrafficClass);
        Assert.Equal(0xBB, client.SendIndication(Scene.Peer, [1], trafficClass: 0xBB)!.Value.TrafficClass);
        scene.FromPeer(client.Port, Scene.Peer, [1], 0x2E, out var forward);
        Assert.Equal(0x2E, forward.TrafficClass);
    }

    [Fact]
    public void Section_15_from_a_stream_DSCP_is_kept_and_ECN_is_not_ECT()
    {
        var scene = new Scene();
        var client = scene.Allocated(listener: Scene.TcpV4, connection: 1);
        client.Bind(0x4000, Scene.Peer);
        Assert.Equal(0xB8, client.SendChannelData(0x4000, [1], 0xBB)!.Value.TrafficClass);
    }

    [Fact]
    public void Section_14_DONT_FRAGMENT_of_a_Send_indication_sets_DF_only_there()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        Assert.True(client.SendIndication(Scene.Peer, [1], DontFragment)!.Value.DontFragment);
        Assert.False(client.SendIndication(Scene.Peer, [1])!.Value.DontFragment);
        Assert.False(client.SendChannelData(0x4000, [1])!.Value.DontFragment);
    }

    [Theory]
    [InlineData("192.0.2.10:4000", Scene.UdpV4, IpFamily.V6)] // 13.1 IPv4 to IPv6
    [InlineData("[2a00:9::1]:4000", Scene.UdpV6, IpFamily.V6)] // 13.2 IPv6 to IPv6
    [InlineData("[2a00:9::1]:4000", Scene.UdpV6, IpFamily.V4)] // 13.3 IPv6 to IPv4
    public void Section_13_DONT_FRAGMENT_is_ignored_in_translations(string address, ushort listener, IpFamily family)
    {
        var scene = new Scene();
        var client = scene.Client(address: address, listener: listener);
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, family));
        var peer = family == IpFamily.V4 ? Scene.Peer : Scene.PeerV6;
        client.Permit(peer);
        Assert.False(client.SendIndication(peer, [1], DontFragment)!.Value.DontFragment);
    }

    [Fact]
    public void Section_11_2_without_DF_support_a_Send_indication_with_DONT_FRAGMENT_is_discarded()
    {
        var scene = new Scene(settings: s => s with { SupportsDontFragment = false });
        var client = scene.Allocated();
        client.Permit(Scene.Peer);
        Assert.Null(client.SendIndication(Scene.Peer, [1], DontFragment));
    }

    [Fact]
    public void Section_15_from_a_stream_DONT_FRAGMENT_counts_towards_IPv6_too()
    {
        var scene = new Scene();
        var client = scene.Client(listener: Scene.TcpV4, connection: 1);
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6));
        client.Permit(Scene.PeerV6);
        Assert.True(client.SendIndication(Scene.PeerV6, [1], DontFragment)!.Value.DontFragment);
    }

    private static void DontFragment(ref StunWriter w) => w.Add(StunAttributeType.DontFragment, []);
}
