using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Client;
using static MediaRelay.Turn.Tests.Client.ScriptedServer;

namespace MediaRelay.Turn.Tests.Client;

public class PeerTests
{
    private static readonly byte[] Payload = [1, 2, 3, 4, 5];

    [Fact]
    public void Permissions_are_renewed_every_four_minutes_and_told_once()
    {
        var server = Allocated();
        Assert.True(server.Client.AddPermission(Peer, server.Now, server.Commands));
        Assert.True(server.Client.AddPermission(Peer.WithPort(9), server.Now, server.Commands));
        var request = server.Take();
        Assert.False(server.HasMore);
        Assert.True(Read(request).TryGetAddress(StunAttributeType.XorPeerAddress, out var peer) && peer.HasSameAddress(Peer));
        server.Answer(request, StunClass.Success);
        for (var i = 0; i < 2; i++)
        {
            server.Advance(239.9);
            Assert.False(server.HasMore);
            server.Advance(0.1);
            server.Accept(StunMethod.CreatePermission);
        }

        Assert.Single(server.Commands.OfType<TurnClientCommand.PermissionInstalled>());
    }

    [Fact]
    public void Channels_are_renewed_every_nine_minutes_with_the_same_number()
    {
        var server = Allocated();
        Assert.Equal(0x4000, server.Client.AddChannel(Peer, server.Now, server.Commands));
        Assert.Equal(0x4000, server.Client.AddChannel(Peer, server.Now, server.Commands));
        server.Accept(StunMethod.ChannelBind);
        Assert.Equal(new TurnClientCommand.ChannelBound(Peer, 0x4000), server.Last<TurnClientCommand.ChannelBound>());
        Assert.True(server.Client.HasPermission(Peer));
        Assert.Equal(0x4001, server.Client.AddChannel(Peer.WithPort(7), server.Now, server.Commands));
        server.Accept(StunMethod.ChannelBind);
        var binds = new List<ushort>();
        for (var second = 0; second < 545; second++)
        {
            server.Advance(1);
            while (server.HasMore)
            {
                var request = server.Take();
                if (Read(request).TryGetChannelNumber(out var channel))
                    binds.Add(channel);
                server.Answer(request, StunClass.Success, (ref StunWriter w) => w.AddLifetime(600));
            }
        }

        Assert.Equal([0x4000, 0x4001], binds);
        Assert.Equal(2, server.Commands.OfType<TurnClientCommand.ChannelBound>().Count());
    }

    [Fact]
    public void A_refused_peer_is_lost_alone_and_may_be_tried_again()
    {
        var server = Allocated();
        server.Client.AddPermission(Peer, server.Now, server.Commands);
        server.Refuse(server.Take(), StunErrorCode.Forbidden);
        Assert.Equal(new TurnClientCommand.RequestFailed(StunMethod.CreatePermission, Peer.WithPort(0), TurnFailure.Refused, StunErrorCode.Forbidden), server.Last<TurnClientCommand.RequestFailed>());
        Assert.Equal(TurnClientState.Allocated, server.Client.State);
        Assert.Equal(0, server.Client.Wrap(Peer, Payload, server.Now, new byte[100]));
        server.Client.AddPermission(Peer, server.Now, server.Commands);
        Assert.True(server.HasMore);
    }

    [Fact]
    public void A_refused_channel_keeps_its_number_and_is_asked_for_again()
    {
        var server = Allocated();
        var number = server.Client.AddChannel(Peer, server.Now, server.Commands);
        server.Refuse(server.Take(), StunErrorCode.InsufficientCapacity);
        Assert.Equal(number, server.Client.AddChannel(Peer, server.Now, server.Commands));
        server.Accept(StunMethod.ChannelBind);
        Assert.Equal(number, server.Last<TurnClientCommand.ChannelBound>().Channel);
    }

    [Fact]
    public void A_removed_peer_is_not_renewed()
    {
        var server = Allocated();
        server.Client.AddChannel(Peer, server.Now, server.Commands);
        server.Accept(StunMethod.ChannelBind);
        server.Client.RemovePeer(Peer);
        server.Advance(530);
        Assert.False(server.HasMore);
        Assert.Equal(0, server.Client.Wrap(Peer, Payload, server.Now, new byte[100]));
    }

    [Theory]
    [InlineData(StunTransport.Udp, 9)]
    [InlineData(StunTransport.Tcp, 12)]
    public void Data_goes_in_send_indications_until_the_channel_is_bound(StunTransport transport, int channelSize)
    {
        var server = Allocated(s => s with { Transport = transport, DontFragment = true });
        var buffer = new byte[Payload.Length + TurnClient.MaxOverhead];
        Assert.Equal(0, server.Client.Wrap(Peer, Payload, server.Now, buffer));
        server.Client.AddPermission(Peer, server.Now, server.Commands);
        server.Accept(StunMethod.CreatePermission);
        var indication = Read(buffer[..server.Client.Wrap(Peer, Payload, server.Now, buffer)]);
        Assert.Equal((StunMethod.Send, StunClass.Indication), (indication.Method, indication.Class));
        Assert.True(indication.TryGetAddress(StunAttributeType.XorPeerAddress, out var peer) && peer == Peer);
        Assert.True(indication.TryGet(StunAttributeType.Data, out var data) && data.SequenceEqual(Payload));
        Assert.True(indication.Has(StunAttributeType.DontFragment));

        server.Client.AddChannel(Peer, server.Now, server.Commands);
        server.Accept(StunMethod.ChannelBind);
        Assert.Equal(channelSize, server.Client.Wrap(Peer, Payload, server.Now, buffer));
        Assert.True(ChannelData.TryRead(buffer, out var channelData) && channelData.Payload.SequenceEqual(Payload));
        Assert.Equal(0, server.Client.Wrap(Peer, Payload, server.Now, new byte[channelSize - 1]));
    }

    [Fact]
    public void Data_of_known_peers_is_unwrapped_and_of_strangers_dropped()
    {
        var server = Allocated();
        server.Client.AddChannel(Peer, server.Now, server.Commands);
        server.Accept(StunMethod.ChannelBind);
        Assert.True(server.Client.TryUnwrap([0x40, 0, 0, 2, 9, 8, 7, 7], out var peer, out var offset, out var length));
        Assert.Equal((Peer, 4, 2), (peer, offset, length));
        Assert.False(server.Client.TryUnwrap([0x40, 1, 0, 0], out _, out _, out _));

        var data = Data(Peer.WithPort(1), [5, 6, 7]);
        Assert.True(server.Client.TryUnwrap(data, out peer, out offset, out length));
        Assert.Equal((Peer.WithPort(1), 3), (peer, length));
        Assert.Equal([5, 6, 7], data[offset..(offset + length)]);
        Assert.False(server.Client.TryUnwrap(Data(Mapped, [5]), out _, out _, out _));
        Assert.Equal(2, server.Client.Counters.StrangerData);
    }

    [Fact]
    public void An_icmp_error_is_told()
    {
        var server = Allocated();
        server.Indicate(StunMethod.Data, (ref StunWriter w) =>
        {
            w.AddAddress(StunAttributeType.XorPeerAddress, Peer);
            w.AddIcmp(new IcmpError(3, 3, 0));
        });
        Assert.Equal(new TurnClientCommand.IcmpReceived(Peer, new IcmpError(3, 3, 0)), server.Last<TurnClientCommand.IcmpReceived>());
    }

    [Fact]
    public void A_tcp_peer_is_connected_and_its_connection_bound()
    {
        var server = Allocated(s => s with { Transport = StunTransport.Tcp, TcpAllocation = true });
        Assert.True(server.Client.Connect(Peer, server.Now, server.Commands));
        server.Answer(server.Take(), StunClass.Success, (ref StunWriter w) => w.AddUInt32(StunAttributeType.ConnectionId, 42));
        Assert.Equal(new TurnClientCommand.ConnectionOffered(42, Peer), server.Last<TurnClientCommand.ConnectionOffered>());
        server.Client.BindConnection(42, server.Now, server.Commands);
        Assert.Equal(42u, server.Last<TurnClientCommand.SendOnConnection>().ConnectionId);
        var bind = server.Take();
        Assert.True(Read(bind).TryGetConnectionId(out var id) && id == 42);
        Assert.True(MessageIntegrity.Verify(Read(bind), server.Key));
        server.Answer(bind, StunClass.Success);
        Assert.Equal(42u, server.Last<TurnClientCommand.ConnectionBound>().ConnectionId);
    }

    [Fact]
    public void A_peer_that_connects_is_offered()
    {
        var server = Allocated(s => s with { Transport = StunTransport.Tcp, TcpAllocation = true });
        server.Indicate(StunMethod.ConnectionAttempt, (ref StunWriter w) =>
        {
            w.AddAddress(StunAttributeType.XorPeerAddress, Peer);
            w.AddUInt32(StunAttributeType.ConnectionId, 7);
        });
        Assert.Equal(new TurnClientCommand.ConnectionOffered(7, Peer), server.Last<TurnClientCommand.ConnectionOffered>());
    }

    [Fact]
    public void Wrapping_and_unwrapping_allocates_nothing()
    {
        var server = Allocated();
        server.Client.AddChannel(Peer, server.Now, server.Commands);
        server.Accept(StunMethod.ChannelBind);
        var other = Peer.WithPort(1);
        var payload = new byte[1200];
        var buffer = new byte[1500];
        byte[] channel = [0x40, 0, 0, 2, 9, 8], indication = Data(other, [5, 6, 7]);
        var sum = 0;
        AllocationCheck.Zero(() =>
        {
            sum += server.Client.Wrap(Peer, payload, server.Now, buffer) + server.Client.Wrap(other, payload, server.Now, buffer);
            sum += server.Client.TryUnwrap(channel, out _, out _, out _) ? 1 : 0;
            sum += server.Client.TryUnwrap(indication, out _, out _, out _) ? 1 : 0;
        });
        Assert.NotEqual(0, sum);
    }

    [Fact]
    public void Foreign_and_damaged_messages_change_nothing()
    {
        var server = Allocated();
        var commands = server.Commands.Count;
        server.Client.HandleReceived([1, 2, 3], server.Now, server.Commands);
        var writer = new StunWriter(new byte[64], StunMethod.Refresh, StunClass.Success, default);
        server.Client.HandleReceived(writer.Written, server.Now, server.Commands);
        Assert.Equal((2L, commands), (server.Client.Counters.Ignored, server.Commands.Count));
    }

    private static ScriptedServer Allocated(Func<TurnClientSettings, TurnClientSettings>? change = null)
    {
        var server = new ScriptedServer(s => (change is null ? s : change(s)) with { KeepAlive = TimeSpan.Zero });
        server.Allocate();
        return server;
    }

    private static byte[] Data(TransportAddress peer, byte[] payload)
    {
        var writer = new StunWriter(new byte[256], StunMethod.Data, StunClass.Indication, default);
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        writer.Add(StunAttributeType.Data, payload);
        return writer.Written.ToArray();
    }
}
