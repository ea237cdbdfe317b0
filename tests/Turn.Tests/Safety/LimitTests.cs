using System.Buffers.Binary;
using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Safety;

/// <summary>The limits that clients and outsiders meet, at and just beyond each.</summary>
public sealed class LimitTests
{
    [Fact]
    public void The_defaults_are_the_documented_ones()
    {
        var limits = new RelayLimits();
        Assert.Equal((16, 32, 32), (limits.PeersPerRequest, limits.Permissions, limits.Channels));
        Assert.Equal((10, 32), (limits.AllocationsPerUser, limits.AllocationsPerSubscriber));
        Assert.Equal((600.0, 3600.0, 300.0, 600.0), (limits.DefaultLifetime.TotalSeconds, limits.MaxLifetime.TotalSeconds, limits.PermissionLifetime.TotalSeconds, limits.ChannelLifetime.TotalSeconds));
        Assert.Equal((8_000_000L, 40_000_000L), (limits.AllocationBitRate, limits.SubscriberBitRate));
        Assert.Equal((100, 200, 20_000), (limits.AnswersPerSource, limits.AnswersPerSourceBurst, limits.AnswersPerNode));
        Assert.Equal((20, 200), (limits.FailuresPerSecond, limits.FailuresPerMinute));
        Assert.Equal((600.0, 30.0), (limits.NonceLifetime.TotalSeconds, limits.PortRest.TotalSeconds));
        Assert.Equal((1500, 4096, 64), (StunLimits.MaxDatagramMessage, StunLimits.MaxStreamMessage, StunLimits.MaxAttributes));
    }

    /// <summary>Listener, bytes of the whole message, whether it is looked at.</summary>
    [Theory]
    [InlineData(Scene.UdpV4, 1500, true)]
    [InlineData(Scene.UdpV4, 1504, false)]
    [InlineData(Scene.TcpV4, 4096, true)]
    [InlineData(Scene.TcpV4, 4100, false)]
    [InlineData(Scene.TlsV4, 4096, true)]
    [InlineData(Scene.DtlsV4, 1504, false)]
    public void A_message_has_at_most_1500_bytes_in_a_datagram_and_4096_in_a_stream(ushort listener, int size, bool answered)
    {
        var scene = new Scene();
        var path = scene.Client(listener: listener, connection: listener == Scene.UdpV4 ? 0 : 1).Path;
        Assert.Equal(!answered, scene.Send(BindingOf(size, attributes: 1), path).IsSilent);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_message_has_at_most_64_attributes(int attributes, bool answered)
    {
        var scene = new Scene();
        Assert.Equal(!answered, scene.Send(BindingOf(20 + (attributes * 8), attributes), scene.Client().Path).IsSilent);
    }

    [Theory]
    [InlineData(-4)]
    [InlineData(4)]
    [InlineData(1)]
    public void The_length_in_the_header_is_the_length_that_came(int off)
    {
        var scene = new Scene();
        var message = BindingOf(28, attributes: 1);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(8 + off));
        Assert.True(scene.Send(message, scene.Client().Path).IsSilent);
    }

    [Theory]
    [InlineData(StunAttributeType.Username, 508, false)]
    [InlineData(StunAttributeType.Username, 509, true)]
    [InlineData(StunAttributeType.Realm, 129, true)]
    [InlineData(StunAttributeType.Nonce, 129, true)]
    public void Texts_that_are_too_long_count_as_absent(StunAttributeType type, int length, bool absent)
    {
        var scene = new Scene();
        var client = scene.Client(listener: Scene.TcpV4, connection: 1);
        var nonce = client.Nonce;
        var buffer = new byte[2048];
        var writer = new StunWriter(buffer, StunMethod.Allocate, StunClass.Request, client.NextTransaction());
        writer.AddRequestedTransport(17);
        foreach (var each in (StunAttributeType[])[StunAttributeType.Username, StunAttributeType.Realm])
            writer.Add(each, new byte[each == type ? length : 5]);
        writer.Add(StunAttributeType.Nonce, type == StunAttributeType.Nonce ? new byte[length] : nonce);
        writer.AddIntegrity(client.Key.Bytes);
        Assert.Equal(absent ? 400 : 401, scene.Send(buffer.AsSpan(0, writer.Length), client.Path).Code);
    }

    [Fact]
    public void Of_two_peers_in_a_Send_indication_the_first_counts()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Permit(Scene.Peer, Scene.OtherPeer);
        var forward = client.SendIndication(Scene.Peer, [1], (ref StunWriter w) => w.AddAddress(StunAttributeType.XorPeerAddress, Scene.OtherPeer));
        Assert.Equal(Scene.Peer, forward!.Value.Destination);
    }

    /// <summary>A Binding request of this size with so many comprehension-optional attributes.</summary>
    private static byte[] BindingOf(int size, int attributes)
    {
        var message = new byte[size];
        message[1] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(size - 20));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), StunLimits.MagicCookie);
        for (int at = 20, left = attributes; left > 0; left--)
        {
            var length = left == 1 ? size - at - 4 : 4;
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), 0xF0F0);
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), (ushort)length);
            at += 4 + length;
        }

        return message;
    }
}
