using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>RFC 8016 section 3.</summary>
public sealed class MobilityTests
{
    private static readonly FiveTuple NewPath = new(TransportAddress.Parse("198.51.100.7:6000"), Scene.UdpV4);

    [Fact]
    public void Section_3_1_2_forbidden_mobility_gets_405_and_a_ticket_in_Allocate_400()
    {
        Assert.Equal(405, new Scene().Client().Allocate(Ticket([])).Code);
        Assert.Equal(400, Mobile().Client().Allocate(Ticket(new byte[32])).Code);
        var still = new Scene().Allocated();
        Assert.Equal(405, still.Refresh(null, Ticket(new byte[32])).Code);
    }

    [Fact]
    public void Section_3_2_2_the_old_path_serves_until_data_comes_from_the_new_one()
    {
        var (scene, client, ticket) = Moving();
        var answer = client.Refresh(null, Ticket(ticket));
        Assert.Equal(0, answer.Code);
        Assert.NotEqual(ticket, answer.Text(StunAttributeType.MobilityTicket));
        scene.FromPeer(client.Port, Scene.Peer, [1], 0, out var before);
        Assert.NotEqual(NewPath, before.Client);
        Assert.NotNull(client.SendChannelData(0x4000, [1]));
        scene.FromPeer(client.Port, Scene.Peer, [1], 0, out var after);
        Assert.Equal(NewPath, after.Client);
        scene.Advance(TimeSpan.Zero);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelGone && c.Client != NewPath);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelBound && c.Client == NewPath);
        Assert.Equal(0, client.Refresh().Code);
        Assert.Equal(1, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_3_2_2_a_retransmission_with_the_old_ticket_gets_the_same_new_ticket()
    {
        var (scene, client, ticket) = Moving();
        var first = client.Refresh(null, Ticket(ticket));
        scene.Now += TimeSpan.FromSeconds(20);
        var second = scene.Send(client.LastRequest, client.Path);
        Assert.Equal(0, second.Code);
        Assert.Equal(first.Text(StunAttributeType.MobilityTicket), second.Text(StunAttributeType.MobilityTicket));
        scene.Now += TimeSpan.FromSeconds(11);
        Assert.Equal(400, client.Refresh(null, Ticket(ticket)).Code);
    }

    [Fact]
    public void Section_3_2_2_forged_tickets_get_400_gone_allocations_437_and_other_users_441()
    {
        var (scene, client, ticket) = Moving();
        var forged = (byte[])ticket.Clone();
        forged[^1] ^= 1;
        Assert.Equal(400, client.Refresh(null, Ticket(forged)).Code);
        var bob = scene.Client("bob", "builder", "198.51.100.7:6000");
        Assert.Equal(441, bob.Refresh(null, Ticket(ticket)).Code);
        client.Path = new FiveTuple(TransportAddress.Parse("192.0.2.10:4000"), Scene.UdpV4);
        client.Nonce = scene.Send(client.Plain(StunMethod.Refresh, (ref StunWriter w) => w.AddLifetime(1)), client.Path).Nonce;
        Assert.Equal(400, client.Refresh(null, Ticket(ticket)).Code); // same five-tuple
        Assert.Equal(0, client.Refresh(0).Code);
        client.Path = NewPath;
        Assert.Equal(437, client.Refresh(null, Ticket(ticket)).Code);
    }

    [Fact]
    public void The_shell_is_told_which_paths_lead_to_the_allocation_and_which_do_so_no_more()
    {
        var (scene, client, ticket) = Moving();
        var old = new FiveTuple(TransportAddress.Parse("192.0.2.10:4000"), Scene.UdpV4);
        var second = new FiveTuple(TransportAddress.Parse("198.51.100.7:6001"), Scene.UdpV4);
        var first = client.Refresh(null, Ticket(ticket));
        Assert.Equal([NewPath], Paths(scene, RelayCommandKind.PathTaken));
        Assert.True(scene.Engine.IsPathOfAllocation(old) && scene.Engine.IsPathOfAllocation(NewPath));

        // Moved on before any data came: the path in between is given up.
        client.Path = second;
        client.Refresh(null, Ticket(first.Text(StunAttributeType.MobilityTicket)));
        Assert.Equal([second], Paths(scene, RelayCommandKind.PathTaken));
        Assert.Equal([NewPath], Paths(scene, RelayCommandKind.PathGone));
        Assert.False(scene.Engine.IsPathOfAllocation(NewPath));

        // Data makes the move final: the path before is left.
        Assert.NotNull(client.SendChannelData(0x4000, [1]));
        scene.Advance(TimeSpan.Zero);
        Assert.Equal([old], Paths(scene, RelayCommandKind.PathGone));
        Assert.False(scene.Engine.IsPathOfAllocation(old));
        Assert.Equal(0, client.Refresh(0).Code);
        Assert.False(scene.Engine.IsPathOfAllocation(second));
    }

    [Fact]
    public void An_allocation_that_ends_with_the_request_that_moves_it_leaves_no_path_behind()
    {
        var (scene, client, ticket) = Moving();
        Assert.Equal(0, client.Refresh(0, Ticket(ticket)).Code);
        Assert.Equal([NewPath], Paths(scene, RelayCommandKind.PathTaken));
        Assert.Equal([NewPath], Paths(scene, RelayCommandKind.PathGone));
        Assert.False(scene.Engine.IsPathOfAllocation(NewPath));
    }

    [Fact]
    public void A_mobile_allocation_outlives_its_connection_until_it_expires()
    {
        var scene = Mobile();
        var client = scene.Client(listener: Scene.TcpV4, connection: 1);
        var ticket = client.Allocate(Ticket([])).Text(StunAttributeType.MobilityTicket);
        scene.Engine.HandleClientClosed(client.Path, scene.Now, scene.Commands);
        Assert.Equal(1, scene.Engine.AllocationCount);
        client.Path = NewPath;
        Assert.Equal(0, client.Refresh(null, Ticket(ticket)).Code);
        scene.Advance(TimeSpan.FromSeconds(601));
        Assert.Equal(0, scene.Engine.AllocationCount);
    }

    private static Scene Mobile() => new(settings: s => s with { AllowsMobility = true });

    private static (Scene Scene, TestClient Client, byte[] Ticket) Moving()
    {
        var scene = Mobile();
        var client = scene.Client();
        var ticket = client.Allocate(Ticket([])).Text(StunAttributeType.MobilityTicket);
        Assert.Equal(41, ticket.Length);
        Assert.DoesNotContain((byte)0, ticket); // clients that take it for a text keep it whole
        Assert.True(RelayEngine.TryGetOwningShard(client.Plain(StunMethod.Refresh, Ticket(ticket)), out var shard) && shard == 0);
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
        client.Path = NewPath;
        return (scene, client, ticket);
    }

    private static IEnumerable<FiveTuple> Paths(Scene scene, RelayCommandKind kind) => scene.Commands.Where(c => c.Kind == kind).Select(c => c.Client);

    private static Fill Ticket(byte[] ticket) => (ref StunWriter w) => w.Add(StunAttributeType.MobilityTicket, ticket);
}
