using System.Net;
using MediaRelay.Stun;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Peers;

/// <summary>The peer policy: every named hole of comparable servers, the operator's exceptions, and a slow second opinion.</summary>
public sealed class PeerFilterTests
{
    /// <summary>Addresses that got through somewhere once, or would today.</summary>
    public static TheoryData<string> Refused =>
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1",
        "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1",
        "2002:808:808::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
        "2a00:1::5efe:7f00:1", "2a00:1::200:5efe:10.0.0.1",
    ];

    [Theory]
    [MemberData(nameof(Refused))]
    public void By_default_the_address_is_refused_by_every_method(string address)
    {
        var scene = new Scene();
        var peer = TransportAddress.From(IPAddress.Parse(address), 7000);
        Assert.Equal(PeerVerdict.Refused, scene.Filter.CheckAddress(peer));
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, peer.Family));
        Assert.Equal(403, client.Permit(peer).Code);
        Assert.Equal(403, client.Bind(0x4000, peer).Code);
        Assert.Null(client.SendIndication(peer, [1]));
        Assert.Null(scene.FromPeer(client.Port, peer, [1]));
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("51.1.2.3")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.32.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("2a00:1450::1")]
    [InlineData("2001:4860:4860::8888")]
    [InlineData("2001:200::1")]
    [InlineData("2a00:1::5efe:808:808")]
    public void Public_addresses_are_open(string address) =>
        Assert.Equal(PeerVerdict.Allowed, new Scene().Filter.CheckAddress(TransportAddress.From(IPAddress.Parse(address), 1)));

    [Theory]
    [InlineData("20.0.0.1:50000", true)] // a relay port of this cluster
    [InlineData("20.0.0.1:50999", true)]
    [InlineData("20.0.0.1:49999", false)]
    [InlineData("20.0.0.1:3478", false)] // a listener
    [InlineData("20.0.0.1:5349", false)]
    [InlineData("20.0.0.1:22", false)]
    [InlineData("20.0.0.1:50500", false)] // a listener inside the relay range
    [InlineData("20.0.0.9:50000", false)] // another interface of the node
    [InlineData("51.9.9.9:5432", false)] // the database
    [InlineData("51.9.9.9:5433", true)]
    [InlineData("51.9.9.8:1", false)] // a back end with all its ports
    [InlineData("[2a00:1::1]:50001", true)]
    [InlineData("[2a00:1::1]:3478", false)]
    public void Own_addresses_and_back_ends_are_reachable_only_on_relay_ports(string text, bool open)
    {
        var scene = new Scene(policy: p => p with
        {
            OwnAddresses = [.. p.OwnAddresses, TransportAddress.Parse("20.0.0.9:0")],
            Listeners = [.. p.Listeners, TransportAddress.Parse("20.0.0.1:50500")],
            BackEnds = [TransportAddress.Parse("51.9.9.9:5432"), TransportAddress.Parse("51.9.9.8:0")],
        });
        var peer = TransportAddress.Parse(text);
        Assert.Equal(open, scene.Filter.IsAllowed(peer));
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, peer.Family));
        client.Permit(peer);
        Assert.Equal(open, client.SendIndication(peer, [1]) is not null);
        Assert.Equal(open, scene.FromPeer(client.Port, peer, [1]) is not null);
        Assert.Equal(open ? 0 : 403, client.Bind(0x4000, peer).Code);
    }

    [Fact]
    public void The_longest_prefix_decides_and_fixed_exclusions_stay()
    {
        var scene = new Scene(policy: p => p with
        {
            Rules =
            [
                new PeerRule(PeerPrefix.Parse("10.0.0.0/8"), true),
                new PeerRule(PeerPrefix.Parse("10.1.0.0/16"), false),
                new PeerRule(PeerPrefix.Parse("10.1.2.0/24"), true),
                new PeerRule(PeerPrefix.Parse("51.2.0.0/16"), false),
                new PeerRule(PeerPrefix.Parse("0.0.0.0/0"), true),
                new PeerRule(PeerPrefix.Parse("::/0"), true),
                new PeerRule(PeerPrefix.Parse("172.16.0.0/12"), true, CredentialKinds.Timed),
            ],
        });
        (string Address, bool Open)[] rows =
        [
            ("10.2.0.1", true), ("10.1.0.1", false), ("10.1.2.9", true), ("51.2.9.9", false), ("192.168.1.1", true), ("fc00::1", true),
            ("127.0.0.1", false), ("0.0.0.0", false), ("169.254.1.1", false), ("224.0.0.1", false), ("255.255.255.255", false),
            ("::1", false), ("::", false), ("::ffff:10.2.0.1", false), ("fe80::1", false), ("ff02::1", false), ("20.0.0.1", false),
            ("64:ff9b::7f00:1", false), ("64:ff9b::808:808", true), ("2002:7f00:1::", false), ("2002:a9fe:a9fe::", false),
        ];
        foreach (var (address, open) in rows)
        {
            Assert.True(open == scene.Filter.IsAllowed(TransportAddress.From(IPAddress.Parse(address), 4000), CredentialKinds.Static), address);
        }
    }

    [Fact]
    public void A_rule_may_be_for_one_kind_of_credential()
    {
        var scene = new Scene(policy: p => p with { Rules = [new PeerRule(PeerPrefix.Parse("172.16.0.0/12"), true, CredentialKinds.Timed)] });
        var peer = TransportAddress.Parse("172.16.3.4:5000");
        Assert.Equal(403, scene.Allocated().Permit(peer).Code);
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-1");
        var gateway = scene.Allocated(credential.Username, credential.Password, "192.0.2.10:5000");
        Assert.Equal(0, gateway.Permit(peer).Code);
        Assert.NotNull(gateway.SendIndication(peer, [1]));
    }

    [Fact]
    public void NAT64_passes_the_IPv4_table()
    {
        var filter = new PeerFilter(new PeerPolicy { Nat64Prefixes = [PeerPrefix.Parse("64:ff9b::/96"), PeerPrefix.Parse("2a00:64::/40")] });
        Assert.True(filter.IsAllowed(TransportAddress.Parse("[64:ff9b::808:808]:1")));
        Assert.False(filter.IsAllowed(TransportAddress.Parse("[64:ff9b::a00:1]:1")));
        Assert.False(filter.IsAllowed(TransportAddress.Parse("[64:ff9b::7f00:1]:1")));
        Assert.True(filter.IsAllowed(TransportAddress.Parse("[2a00:64:8:808:8::]:1"))); // 8.8.8.8 around bits 64 to 71 (RFC 6052)
        Assert.False(filter.IsAllowed(TransportAddress.Parse("[2a00:64:a:0:1::]:1"))); // 10.0.0.1
    }

    [Fact]
    public void A_new_policy_ends_permissions_and_channels_that_it_refuses()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        client.Permit(Scene.OtherPeer);
        scene.Commands.Clear();
        scene.Engine.Update(new PeerFilter(Scene.Policy(scene.Chosen) with { Rules = [new PeerRule(PeerPrefix.Single(Scene.Peer), false)] }), scene.Now, scene.Commands);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelGone);
        Assert.Null(client.SendChannelData(0x4000, [1]));
        Assert.Null(client.SendIndication(Scene.Peer, [1]));
        Assert.NotNull(client.SendIndication(Scene.OtherPeer, [1]));
    }

    [Fact]
    public void Impossible_entries_are_named_in_a_sentence()
    {
        var faults = PeerFilter.Faults(new PeerPolicy
        {
            Rules = [new PeerRule(PeerPrefix.Parse("127.0.0.0/24"), true), new PeerRule(PeerPrefix.Parse("fe80::/64"), true), new PeerRule(PeerPrefix.Parse("10.0.0.0/8"), true)],
            Nat64Prefixes = [PeerPrefix.Parse("64:ff9b::/80")],
        }).ToList();
        Assert.Equal(
            [
                "AllowedPeers contains 127.0.0.0/24, which lies in 127.0.0.0/8 and can never be opened. Remove the entry.",
                "AllowedPeers contains fe80::/64, which lies in fe80::/10 and can never be opened. Remove the entry.",
                "Nat64Prefixes contains 64:ff9b::/80; a NAT64 prefix is IPv6 with length 32, 40, 48, 56, 64 or 96, e.g. 64:ff9b::/96.",
            ],
            faults);
    }

    [Fact]
    public void Every_IPv4_block_of_16_bits_agrees_with_the_reference()
    {
        var filter = new PeerFilter(new PeerPolicy());
        for (var block = 0; block < 65_536; block++)
        {
            foreach (var low in new[] { 0, 1, 0x0100, 0x0200, 0x0263, 0x6300, 0x6401, 0x7101, 0xFFFF })
            {
                var bits = ((uint)block << 16) | (uint)low;
                Assert.True(ReferencePolicy.IsOpenV4(bits) == filter.IsAllowed(TransportAddress.V4(bits, 1)), $"{bits:x8}");
            }
        }
    }

    [Fact]
    public void A_hundred_thousand_random_IPv6_addresses_agree_with_the_reference()
    {
        var filter = new PeerFilter(new PeerPolicy());
        var random = new Random(20_261_122);
        Span<byte> bytes = stackalloc byte[16];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            // Most of the space is closed; look closely at the edges of what is open.
            if (i % 2 == 0)
            {
                bytes[0] = (byte)(0x20 | (bytes[0] & 0x1F));
            }

            if (i % 4 == 0)
            {
                ReferencePolicy.Edge(random.Next(12), bytes);
            }

            var address = new IPAddress(bytes);
            Assert.True(ReferencePolicy.IsOpenV6(address) == filter.IsAllowed(TransportAddress.From(address, 1)), address.ToString());
        }
    }
}
