using MediaRelay.Media.Ice;
using MediaRelay.Stun;

namespace MediaRelay.Media.Tests.Ice;

public sealed class CheckTargetsTests
{
    [Theory]
    [InlineData("8.8.8.8:5000", true, true)]
    [InlineData("192.168.1.2:5000", false, true)]
    [InlineData("10.1.2.3:5000", false, true)]
    [InlineData("100.64.0.1:5000", false, true)]
    [InlineData("172.31.255.255:1", false, true)]
    [InlineData("172.32.0.0:1", true, true)]
    [InlineData("0.0.0.0:5000", false, false)]
    [InlineData("127.0.0.1:5000", false, false)]
    [InlineData("169.254.169.254:80", false, false)]
    [InlineData("224.0.0.251:5353", false, false)]
    [InlineData("255.255.255.255:9", false, false)]
    [InlineData("203.0.113.5:5000", false, false)]
    [InlineData("8.8.8.8:0", false, false)]
    [InlineData("[2606:4700::1]:5000", true, true)]
    [InlineData("[2001:db8::1]:5000", false, false)]
    [InlineData("[::]:5000", false, false)]
    [InlineData("[::1]:5000", false, false)]
    [InlineData("[::ffff:127.0.0.1]:5000", false, false)]
    [InlineData("[::ffff:8.8.8.8]:5000", false, false)]
    [InlineData("[64:ff9b::808:808]:5000", false, false)]
    [InlineData("[fd12::1]:5000", false, true)]
    [InlineData("[fe80::1]:5000", false, true)]
    [InlineData("[ff02::fb]:5353", false, false)]
    public void An_address_is_checked_only_where_the_policy_allows(string text, bool isPublic, bool isSameHome)
    {
        var address = TransportAddress.Parse(text);
        Assert.Equal(isPublic, CheckTargets.PublicOnly.Allows(address));
        // Unique-local, link-local and mapped addresses lie outside 2000::/3; only the first two are private.
        Assert.Equal(isSameHome, CheckTargets.SameHome.Allows(address));
    }

    [Fact]
    public void Loopback_and_named_ranges_can_be_opened()
    {
        Assert.True((CheckTargets.PublicOnly with { AllowLoopback = true }).Allows(TransportAddress.Parse("127.0.0.1:5")));
        var named = CheckTargets.PublicOnly with { Allowed = [AddressRange.Parse("198.18.5.0/24")] };
        Assert.True(named.Allows(TransportAddress.Parse("198.18.5.77:5")));
        Assert.False(named.Allows(TransportAddress.Parse("198.18.6.77:5")));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0/8")]
    [InlineData("::/129")]
    [InlineData("x/8")]
    public void A_malformed_range_is_refused(string text) => Assert.False(AddressRange.TryParse(text, out _));
}
