using System.Net;
using FsCheck;
using FsCheck.Fluent;

namespace MediaRelay.Stun.Tests;

public class AddressTests
{
    [Theory]
    [InlineData("192.0.2.1:3478")]
    [InlineData("0.0.0.0:0")]
    [InlineData("[2001:db8::1]:65535")]
    [InlineData("[::]:1")]
    [InlineData("[::ffff:192.0.2.1]:80")]
    public void Text_is_read_and_written_back(string text) => Assert.Equal(text, TransportAddress.Parse(text).ToString());

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("192.0.2:80")]
    [InlineData("0x7f.0.0.1:80")]
    [InlineData("192.0.02.1:80")]
    [InlineData("192.0.2.256:80")]
    [InlineData("1:80")]
    [InlineData("2001:db8::1:80")]
    [InlineData("[192.0.2.1]:80")]
    [InlineData("[2001:db8::1]80")]
    [InlineData("[2001:db8::1]:70000")]
    [InlineData("[fe80::1%1]:80")]
    [InlineData("192.0.2.1:-1")]
    [InlineData("192.0.2.1: 80")]
    [InlineData(":80")]
    [InlineData("")]
    public void Loose_text_is_refused(string text) => Assert.False(TransportAddress.TryParse(text, out _));

    [Fact]
    public void A_mapped_address_is_not_the_ipv4_address_until_asked()
    {
        var mapped = TransportAddress.Parse("[::ffff:192.0.2.1]:80");
        var plain = TransportAddress.Parse("192.0.2.1:80");
        Assert.NotEqual(plain, mapped);
        Assert.Equal(plain, mapped.Unmapped());
        Assert.Equal(plain, plain.Unmapped());
        Assert.False(TransportAddress.Parse("[::ffff:0:192.0.2.1]:80").Unmapped().IsV4);
    }

    [Fact]
    public void The_default_value_is_no_address()
    {
        Assert.True(default(TransportAddress).IsNone);
        Assert.Equal("-", default(TransportAddress).ToString());
        Assert.False(default(TransportAddress).IsUnspecified);
    }

    [Fact]
    public void Bytes_text_and_end_points_agree() =>
        Prop.ForAll<byte[], ushort>((seed, port) =>
        {
            var bytes = new byte[seed.Length % 2 == 0 ? 4 : 16];
            seed.AsSpan(0, Math.Min(seed.Length, bytes.Length)).CopyTo(bytes);
            var address = TransportAddress.FromBytes(bytes, port);
            var back = new byte[16];
            var length = address.WriteAddress(back);
            return back.AsSpan(0, length).SequenceEqual(bytes)
                && TransportAddress.Parse(address.ToString()) == address
                && TransportAddress.From(new IPEndPoint(new IPAddress(bytes), port)) == address
                && TransportAddress.From(address.ToEndPoint()).GetHashCode() == address.GetHashCode();
        }).QuickCheckThrowOnFailure();
}
