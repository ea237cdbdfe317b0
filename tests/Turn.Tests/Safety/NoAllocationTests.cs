using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Safety;

/// <summary>The hot path and the requests of a living session allocate nothing.</summary>
public sealed class NoAllocationTests
{
    [Fact]
    public void ChannelData_and_Send_from_the_client_allocate_nothing()
    {
        var scene = new Scene(limits: l => l with { AllocationBitRate = 0, SubscriberBitRate = 0 });
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        var channelData = new byte[1204];
        ChannelData.WriteHeader(channelData, 0x4000, 1200);
        var send = client.Plain(StunMethod.Send, (ref StunWriter w) =>
        {
            w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
            w.Add(StunAttributeType.Data, new byte[172]);
        }, StunClass.Indication);
        var path = client.Path;
        var passed = true;
        AllocationCheck.Zero(() =>
        {
            passed &= scene.Engine.TryForwardFromClient(channelData, path, 0, scene.Now, out _);
            passed &= scene.Engine.TryForwardFromClient(send, path, 0, scene.Now, out _);
        });
        Assert.True(passed);
    }

    [Fact]
    public void ChannelData_and_Data_to_the_client_allocate_nothing()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        client.Permit(Scene.OtherPeer);
        var buffer = new byte[2000];
        var passed = true;
        AllocationCheck.Zero(() =>
        {
            scene.Now += TimeSpan.FromMilliseconds(10);
            passed &= scene.Engine.TryForwardFromPeer(client.Port, Scene.Peer, buffer, RelayEngine.Headroom, 1200, 0, scene.Now, out _);
            passed &= scene.Engine.TryForwardFromPeer(client.Port, Scene.OtherPeer, buffer, RelayEngine.Headroom, 171, 0, scene.Now, out _);
        });
        Assert.True(passed);
    }

    [Fact]
    public void Drops_allocate_nothing()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        var stray = new byte[100];
        ChannelData.WriteHeader(stray, 0x4007, 90);
        var buffer = new byte[2000];
        var passed = false;
        AllocationCheck.Zero(() =>
        {
            passed |= scene.Engine.TryForwardFromClient(stray, client.Path, 0, scene.Now, out _);
            passed |= scene.Engine.TryForwardFromPeer(client.Port, Scene.Peer, buffer, RelayEngine.Headroom, 100, 0, scene.Now, out _);
        });
        Assert.False(passed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Refresh_CreatePermission_and_ChannelBind_of_a_living_session_allocate_nothing(bool sha256)
    {
        var scene = new Scene();
        var client = scene.Client();
        client.UsesSha256 = sha256;
        client.Allocate();
        client.Bind(0x4000, Scene.Peer);
        byte[][] requests =
        [
            client.Signed(StunMethod.Refresh),
            client.Signed(StunMethod.CreatePermission, (ref StunWriter w) => w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer)),
            client.Signed(StunMethod.ChannelBind, (ref StunWriter w) =>
            {
                w.AddChannelNumber(0x4000);
                w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
            }),
        ];
        var reply = new byte[RelayEngine.MaxReply];
        var commands = new List<RelayCommand>(16);
        var answers = 0;
        AllocationCheck.Zero(() =>
        {
            foreach (var request in requests)
            {
                answers += scene.Engine.HandleRequest(request, client.Path, scene.Now, scene.Utc, reply, commands) > 0 ? 1 : 0;
            }
        });
        Assert.True(answers > 0 && scene.Engine.LastOutcome.IsSuccess);
    }

    [Fact]
    public void An_allocation_with_permission_and_channel_takes_at_most_2700_bytes()
    {
        const int Count = 8000;
        Scene Build(int count)
        {
            var scene = new Scene(
                settings: s => s with { RelayAddresses = [new RelayAddress(Scene.ServerV4, Scene.ServerV4, new(20_000, 60_000))] },
                limits: l => l with { AnswersPerSource = 1_000_000, AnswersPerSourceBurst = 1_000_000, AnswersPerNode = 10_000_000 });
            for (var i = 0; i < count; i++)
            {
                var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), $"gw-{i}", $"session-{i}");
                var client = scene.Client(credential.Username, credential.Password, $"192.0.{i / 250}.{1 + (i % 250)}:4000");
                Assert.Equal(0, client.Allocate().Code);
                Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
            }

            return scene;
        }

        var empty = Build(1);
        var before = GC.GetTotalMemory(true);
        var full = Build(Count);
        var bytes = (GC.GetTotalMemory(true) - before) / (double)Count;
        GC.KeepAlive(empty);
        GC.KeepAlive(full);
        Assert.InRange(bytes, 200, 2700);
    }
}
