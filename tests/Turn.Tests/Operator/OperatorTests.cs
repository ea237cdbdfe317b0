using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Operator;

/// <summary>Quotas, bandwidth, drain, redirection, revocation, tables.</summary>
public sealed class OperatorTests
{
    [Fact]
    public void Section_7_2_step_10_the_quota_of_a_credential_gives_486_and_is_freed_again()
    {
        var scene = new Scene(limits: l => l with { AllocationsPerUser = 2 });
        var first = scene.Allocated(address: "192.0.2.10:1");
        scene.Allocated(address: "192.0.2.10:2");
        Assert.Equal(486, scene.Client(address: "192.0.2.10:3").Allocate().Code);
        Assert.Equal((RefusalReason.UserQuota, 2), (scene.Engine.LastOutcome.Reason, scene.Engine.LastOutcome.Limit));
        Assert.Equal(0, scene.Client("bob", "builder", "192.0.2.10:4").Allocate().Code);
        first.Refresh(0);
        Assert.Equal(0, scene.Client(address: "192.0.2.10:3").Allocate().Code);
    }

    [Fact]
    public void A_subscriber_has_a_quota_over_all_its_credentials_and_all_shards()
    {
        var quotas = new QuotaCounts(1000, new CountingRandom(9));
        var shards = new[] { new Scene(settings: s => s with { Quotas = quotas }, limits: l => l with { AllocationsPerSubscriber = 5 }), new Scene(settings: s => s with { Quotas = quotas, Shard = 1 }, limits: l => l with { AllocationsPerSubscriber = 5 }) };
        var codes = new List<int>();
        for (var i = 0; i < 7; i++)
        {
            var credential = TimedCredential.Issue(Scene.Secret, shards[0].Utc.AddMinutes(5), "gw-17", $"s-{i}");
            codes.Add(shards[i % 2].Client(credential.Username, credential.Password, $"192.0.2.10:{i + 1}").Allocate().Code);
        }

        Assert.Equal([0, 0, 0, 0, 0, 486, 486], codes);
        Assert.Equal(RefusalReason.SubscriberQuota, shards[0].Engine.LastOutcome.Reason);
    }

    [Fact]
    public void A_full_node_gives_508_or_sends_to_a_sibling()
    {
        var scene = new Scene(limits: l => l with { Allocations = 1 });
        scene.Allocated(address: "192.0.2.10:1");
        Assert.Equal(508, scene.Client(address: "192.0.2.10:2").Allocate().Code);
        scene.Engine.Update(new AlternateServers([TransportAddress.Parse("20.0.0.2:3478")], [], RedirectMode.WhenFull));
        Assert.Equal(300, scene.Client(address: "192.0.2.10:2").Allocate().Code);
    }

    [Fact]
    public void Drain_sends_new_clients_to_siblings_of_their_family_in_turn_and_lets_others_finish()
    {
        var scene = new Scene();
        var old = scene.Allocated();
        scene.Engine.BeginDrain();
        Assert.Equal(508, scene.Client(address: "192.0.2.10:2").Allocate().Code);
        scene.Engine.Update(new AlternateServers([TransportAddress.Parse("20.0.0.2:3478"), TransportAddress.Parse("[2a00::2]:3478"), TransportAddress.Parse("20.0.0.3:3478")], [TransportAddress.Parse("20.0.0.4:5349")]));
        var seen = new List<TransportAddress>();
        for (var i = 0; i < 3; i++)
        {
            var client = scene.Client(address: $"192.0.2.10:{i + 5}");
            var answer = client.Allocate();
            Assert.Equal(300, answer.Code);
            Assert.True(answer.Verifies(client.Key));
            seen.Add(answer.Address(StunAttributeType.AlternateServer));
        }

        Assert.Equal(["20.0.0.2:3478", "20.0.0.3:3478", "20.0.0.2:3478"], seen.Select(a => a.ToString()));
        Assert.Equal("20.0.0.4:5349", scene.Client(listener: Scene.TlsV4, connection: 1).Allocate().Address(StunAttributeType.AlternateServer).ToString());
        Assert.Equal("[2a00::2]:3478", scene.Client(address: "[2a00:9::9]:1", listener: Scene.UdpV6).Allocate().Address(StunAttributeType.AlternateServer).ToString());
        Assert.Equal(0, old.Refresh().Code);
        Assert.Equal(0, old.Bind(0x4000, Scene.Peer).Code);
        Assert.NotNull(old.SendChannelData(0x4000, [1]));
        scene.Engine.EndDrain();
        Assert.Equal(0, scene.Client(address: "192.0.2.10:2").Allocate().Code);
    }

    [Fact]
    public void Bandwidth_above_the_allocations_rate_is_dropped_in_each_direction_after_the_burst()
    {
        var scene = new Scene(limits: l => l with { AllocationBitRate = 800_000 }); // 100 kB/s, burst 100 kB
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        var up = Enumerable.Range(0, 200).Count(_ => client.SendChannelData(0x4000, new byte[1000]) is not null);
        var down = Enumerable.Range(0, 200).Count(_ => scene.FromPeer(client.Port, Scene.Peer, new byte[1000]) is not null);
        Assert.Equal((100, 100), (up, down));
        scene.Now += TimeSpan.FromMilliseconds(500);
        Assert.InRange(Enumerable.Range(0, 200).Count(_ => client.SendChannelData(0x4000, new byte[1000]) is not null), 49, 50);
        Assert.True(scene.Engine.Counters.DroppedBandwidth > 300);
    }

    [Fact]
    public void A_key_frame_burst_of_200_packets_passes_the_default_limits()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        Assert.Equal(200, Enumerable.Range(0, 200).Count(_ => client.SendChannelData(0x4000, new byte[1200]) is not null));
    }

    [Fact]
    public void The_allocations_of_a_subscriber_share_its_bandwidth_and_a_session_rate_replaces_the_default()
    {
        var scene = new Scene(limits: l => l with { AllocationBitRate = 0, SubscriberBitRate = 800_000 });
        var clients = Enumerable.Range(0, 2).Select(i =>
        {
            var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", i == 0 ? "s-0" : "s-1~r80");
            var client = scene.Allocated(credential.Username, credential.Password, $"192.0.2.10:{i + 1}");
            client.Bind(0x4000, Scene.Peer);
            return client;
        }).ToList();
        // 80 kbit/s + 25 % is 12,500 bytes of burst.
        Assert.Equal(12, Enumerable.Range(0, 100).Count(_ => clients[1].SendChannelData(0x4000, new byte[1000]) is not null));
        Assert.Equal(88, Enumerable.Range(0, 100).Count(_ => clients[0].SendChannelData(0x4000, new byte[1000]) is not null));
    }

    [Fact]
    public void Revoking_a_subject_ends_its_allocations_and_connections()
    {
        var scene = new Scene();
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", "s-0");
        var client = scene.Allocated(credential.Username, credential.Password, listener: Scene.TlsV4, connection: 5);
        var other = scene.Allocated(address: "192.0.2.11:1");
        client.Bind(0x4000, Scene.Peer);
        scene.Commands.Clear();
        Assert.Equal(1, scene.Engine.Revoke("gw-17"u8, scene.Now, scene.Commands));
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.CloseClient && c.Client == client.Path);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.AllocationGone && c.Cause == AllocationEnd.Revoked);
        Assert.Null(client.SendChannelData(0x4000, [1]));
        var id = Assert.Single(scene.Engine.Snapshot(scene.Now)).Id;
        Assert.True(scene.Engine.Revoke(id, scene.Now, scene.Commands));
        Assert.False(scene.Engine.Revoke(id, scene.Now, scene.Commands));
        Assert.Equal(437, other.Refresh().Code);
    }

    [Fact]
    public void A_closed_client_connection_ends_its_allocation()
    {
        var scene = new Scene();
        var client = scene.Allocated(listener: Scene.TlsV4, connection: 5);
        scene.Engine.HandleClientClosed(client.Path, scene.Now, scene.Commands);
        Assert.Equal(0, scene.Engine.AllocationCount);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePort && c.Port == client.Port);
        scene.Engine.HandleClientClosed(client.Path, scene.Now, scene.Commands);
    }

    [Fact]
    public void The_table_shows_who_since_when_how_much_and_with_whom()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        client.Permit(Scene.OtherPeer);
        client.SendChannelData(0x4000, new byte[100]);
        scene.FromPeer(client.Port, Scene.Peer, new byte[50]);
        scene.Now += TimeSpan.FromSeconds(60);
        var row = Assert.Single(scene.Engine.Snapshot(scene.Now));
        Assert.Equal(("alice", ClientTransport.Udp, client.Path), (row.UserName, row.Transport, row.Client));
        Assert.Equal((TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(540)), (row.Age, row.ExpiresIn));
        Assert.Equal((100L, 1L, 50L, 1L), (row.BytesToPeer, row.PacketsToPeer, row.BytesToClient, row.PacketsToClient));
        Assert.Equal(client.Port.Port, Assert.Single(row.RelayedAddresses).Port);
        Assert.Equal([Scene.OtherPeer.WithPort(0), Scene.Peer], row.Peers);
    }

    [Fact]
    public void Tokens_tickets_and_connection_ids_name_their_shard()
    {
        var scene = new Scene(settings: s => s with { Shard = 6 });
        var client = scene.Client();
        var token = client.Allocate((ref StunWriter w) => w.AddEvenPort(true)).Text(StunAttributeType.ReservationToken);
        var request = client.Plain(StunMethod.Allocate, (ref StunWriter w) => w.Add(StunAttributeType.ReservationToken, token));
        Assert.True(RelayEngine.TryGetOwningShard(request, out var shard));
        Assert.Equal(6, shard);
        Assert.False(RelayEngine.TryGetOwningShard(client.Plain(StunMethod.Allocate), out _));
    }
}
