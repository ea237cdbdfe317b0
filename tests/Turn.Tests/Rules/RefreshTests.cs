using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>RFC 8656 sections 5 and 8: Refresh, and what holds for every request after the first.</summary>
public sealed class RefreshTests
{
    public static TheoryData<StunMethod> LaterMethods => [StunMethod.Refresh, StunMethod.CreatePermission, StunMethod.ChannelBind];

    /// <summary>Who once held a credential that expires must not keep its allocation for ever by refreshing it.</summary>
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void An_allocation_of_a_timed_credential_has_a_latest_end(bool isTimed, int left)
    {
        var scene = new Scene(limits: l => l with { MaxSession = TimeSpan.FromHours(1) });
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17");
        var client = isTimed ? scene.Allocated(credential.Username, credential.Password) : scene.Allocated();
        uint granted = 0;
        for (var minute = 5; minute <= 55; minute += 5)
        {
            scene.Advance(TimeSpan.FromMinutes(5));
            Assert.True(client.Refresh(600).Read().TryGetLifetime(out granted));
        }

        Assert.Equal(isTimed ? 300u : 600u, granted);
        scene.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        Assert.Equal(left, scene.Engine.AllocationCount);
        Assert.Equal(isTimed ? 437 : 0, client.Refresh(600).Code);
    }

    [Theory]
    [MemberData(nameof(LaterMethods))]
    public void Section_5_a_request_without_allocation_gets_437(StunMethod method)
    {
        var scene = new Scene();
        Assert.Equal(437, scene.Client().Request(method, Peer).Code);
    }

    [Theory]
    [MemberData(nameof(LaterMethods))]
    public void Section_5_another_user_on_the_five_tuple_gets_441(StunMethod method)
    {
        var scene = new Scene();
        scene.Allocated();
        var bob = scene.Client("bob", "builder");
        Assert.Equal(441, bob.Request(method, Peer).Code);
        Assert.Equal(1, scene.Engine.AllocationCount);
    }

    [Theory]
    [MemberData(nameof(LaterMethods))]
    public void Section_5_requests_without_credentials_get_401_even_with_an_allocation(StunMethod method)
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(401, scene.Send(client.Plain(method, Peer), client.Path).Code);
    }

    [Theory]
    [MemberData(nameof(LaterMethods))]
    public void Section_5_answers_carry_integrity_of_the_users_key(StunMethod method)
    {
        var scene = new Scene();
        var client = scene.Allocated();
        var answer = client.Request(method, Peer);
        Assert.Equal(0, answer.Code);
        Assert.True(answer.Verifies(client.Key));
    }

    [Theory]
    [InlineData(null, 600)]
    [InlineData(1u, 600)]
    [InlineData(1800u, 1800)]
    [InlineData(9999u, 3600)]
    public void Section_8_2_the_desired_lifetime_is_granted_between_default_and_maximum(uint? wish, uint granted)
    {
        var scene = new Scene();
        var client = scene.Allocated();
        scene.Advance(TimeSpan.FromSeconds(500));
        Assert.Equal(granted, client.Refresh(wish).Lifetime);
        scene.Advance(TimeSpan.FromSeconds(granted - 0.2));
        Assert.Equal(1, scene.Engine.AllocationCount);
        scene.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal(0, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_8_2_lifetime_0_deletes_at_once_and_a_retransmission_gets_437()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        var answer = client.Refresh(0);
        Assert.Equal(0, answer.Code);
        Assert.Equal(0u, answer.Lifetime);
        Assert.Equal(0, scene.Engine.AllocationCount);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePort && c.Port == client.Port);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ChannelGone && c.Channel == 0x4000 && c.Peer == Scene.Peer);
        Assert.Equal(437, scene.Send(client.LastRequest, client.Path).Code);
        Assert.Null(client.SendChannelData(0x4000, [1]));
        Assert.Null(scene.FromPeer(client.Port, Scene.Peer, [1]));
    }

    [Fact]
    public void Section_8_2_a_family_that_was_not_allocated_gets_443()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(443, client.Refresh(600, (ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6)).Code);
        Assert.Equal(0, client.Refresh(600, (ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V4)).Code);
    }

    [Fact]
    public void Section_8_1_deleting_one_family_leaves_permissions_and_channels_of_the_other()
    {
        var scene = new Scene();
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6));
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
        Assert.Equal(0, client.Bind(0x4001, Scene.PeerV6).Code);
        Assert.Equal(0, client.Refresh(0, (ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V4)).Code);
        Assert.Equal(1, scene.Engine.AllocationCount);
        Assert.Null(client.SendChannelData(0x4000, [1]));
        Assert.NotNull(client.SendChannelData(0x4001, [1]));
        Assert.Equal(443, client.Permit(Scene.Peer).Code);
        Assert.Equal(443, client.Refresh(0, (ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V4)).Code);
        Assert.Equal(0, client.Refresh(0, (ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6)).Code);
        Assert.Equal(0, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_8_1_refreshing_one_family_lets_the_other_expire()
    {
        var scene = new Scene();
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6));
        scene.Advance(TimeSpan.FromSeconds(400));
        client.Refresh(600, (ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6));
        scene.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal(443, client.Permit(Scene.Peer).Code);
        Assert.Equal(0, client.Permit(Scene.PeerV6).Code);
        scene.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal(0, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_8_1_without_family_both_are_refreshed()
    {
        var scene = new Scene();
        var client = scene.Client();
        client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6));
        scene.Advance(TimeSpan.FromSeconds(400));
        client.Refresh(600);
        scene.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal(0, client.Permit(Scene.Peer, Scene.PeerV6).Code);
    }

    private static void Peer(ref StunWriter w)
    {
        w.AddChannelNumber(0x4000);
        w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
    }
}
