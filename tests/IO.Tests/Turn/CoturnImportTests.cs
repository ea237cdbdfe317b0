using System.Text.Json;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.CoturnImport;

namespace MediaRelay.IO.Tests.Turn;

public class CoturnImportTests
{
    [Fact]
    public void A_typical_file_is_carried_over()
    {
        var (json, remarks) = CoturnImporter.Import("""
            # a relay
            listening-ip=10.0.0.1
            listening-ip=2001:db8::1
            tls-listening-port=443
            external-ip=203.0.113.5/10.0.0.1
            min-port=50000
            max-port=59999
            realm=example.org
            use-auth-secret
            static-auth-secret=0123456789abcdef0123456789abcdef
            user = alice:secret
            cert=/etc/c.pem
            pkey=/etc/k.pem
            no-dtls
            user-quota=12
            total-quota=1200
            max-bps=64000
            max-allocate-lifetime=1800
            denied-peer-ip=198.18.0.0-198.19.255.255
            allowed-peer-ip=10.1.2.3
            no-tcp-relay
            alternate-server=192.0.2.7
            """.Split('\n'));
        var expected = """
            {"Turn":{"Listen":["10.0.0.1:3478","[2001:db8::1]:3478"],"Certificate":"/etc/c.pem","CertificateKey":"/etc/k.pem",
            "TlsListen":["10.0.0.1:443","[2001:db8::1]:443"],"ExternalAddresses":["203.0.113.5/10.0.0.1"],"Ports":"50000-59999","Realm":"example.org",
            "Users":["alice:secret"],"AuthSecrets":["0123456789abcdef0123456789abcdef"],"UserQuota":12,"TotalQuota":1200,"MaxBitRate":512000,
            "MaxLifetime":"1800s","AllowedPeers":["10.1.2.3/32"],"DeniedPeers":["198.18.0.0/15"],"AlternateServers":["192.0.2.7:3478"],"Redirect":"Always"}}
            """;
        using var left = JsonDocument.Parse(expected);
        using var right = JsonDocument.Parse(json);
        Assert.True(JsonElement.DeepEquals(left.RootElement, right.RootElement), json);
        Assert.Equal(["denied-peer-ip"], remarks.Select(r => r.Option));
    }

    [Fact]
    public void What_is_printed_is_a_configuration_without_faults()
    {
        var (json, _) = CoturnImporter.Import("""
            listening-ip=127.0.0.1
            external-ip=203.0.113.5/127.0.0.1
            min-port=50000
            max-port=59999
            realm=example.org
            static-auth-secret=0123456789abcdef0123456789abcdef
            user=alice:secret
            user-quota=12
            total-quota=1200
            max-bps=64000
            max-allocate-lifetime=1800
            channel-lifetime=600
            permission-lifetime=300
            denied-peer-ip=198.18.0.0-198.19.255.255
            allowed-peer-ip=10.1.2.3
            alternate-server=192.0.2.7
            mobility
            relay-threads=2
            """.Split('\n'));
        AssertLoads(json);
    }

    [Theory]
    [InlineData("bps-capacity=100", "line 1, bps-capacity: there is no limit of the whole node; size MaxBitRate and TotalQuota instead.")]
    [InlineData("no-auth", "line 1, no-auth: an open relay is not offered. Use Users or AuthSecrets.")]
    [InlineData("allow-loopback-peers", "line 1, allow-loopback-peers: loopback peers are never allowed.")]
    [InlineData("static-auth-secret=north", "line 1, static-auth-secret: it is shorter than 16 bytes and is refused; make a new one, e.g. with openssl rand -hex 32.")]
    [InlineData("user=bob:0x7da2270ccfa49786e0115366d3a3d14d", "line 1, user: bob has a hashed key; give the password, because SHA-256 needs it too.")]
    [InlineData("realm=a-realm-of-more-than-24-bytes", "line 1, realm: 'a-realm-of-more-than-24-bytes' is longer than 24 bytes (it would amplify floods). Choose a shorter one; stored MD5 keys depend on it.")]
    [InlineData("userdb=/var/db/turndb", "line 1, userdb: there is no user database; use UsersFile or timed credentials.")]
    [InlineData("frobnicate=1", "line 1, frobnicate: there is nothing like it here.")]
    [InlineData("permission-lifetime=60", "line 1, permission-lifetime: a permission always lives for 5 minutes.")]
    [InlineData("channel-lifetime=60", "line 1, channel-lifetime: a channel binding always lives for 10 minutes.")]
    [InlineData("min-port=many", "line 1, min-port: 'many' is no number.")]
    [InlineData("denied-peer-ip=10.0.0.9-10.0.0.1", "line 1, denied-peer-ip: '10.0.0.9-10.0.0.1' is no address or range.")]
    public void What_cannot_be_carried_is_named_with_its_line(string line, string expected)
    {
        var (_, remarks) = CoturnImporter.Import([line]);
        Assert.Contains(expected, remarks.Select(r => r.ToString()));
    }

    [Theory]
    [InlineData("10.0.0.0-10.255.255.255", "10.0.0.0/8")]
    [InlineData("192.0.2.1-192.0.2.6", "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32")]
    [InlineData("0.0.0.0-255.255.255.255", "0.0.0.0/0")]
    [InlineData("255.255.255.255", "255.255.255.255/32")]
    [InlineData("2001:db8::-2001:db8::ffff", "2001:db8::/112")]
    [InlineData("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    public void Ranges_become_the_smallest_list_of_prefixes(string range, string expected)
    {
        Assert.True(PeerRange.TryRead(range, out var prefixes));
        Assert.Equal(expected, string.Join(' ', prefixes));
    }

    [Fact]
    public void The_sample_file_of_the_distribution_is_read_without_a_word_about_unknown_options()
    {
        // Every option that Debian's file documents, switched on.
        var lines = File.ReadLines("/etc/turnserver.conf").Where(l => l.Length > 1 && l[0] == '#' && char.IsAsciiLetterLower(l[1]) && !l.Contains(' ', StringComparison.Ordinal)).Select(l => l[1..]);
        var (json, remarks) = CoturnImporter.Import(lines);
        Assert.DoesNotContain(remarks, r => r.Words == "there is nothing like it here.");
        Assert.Contains("user: username1 is there twice; this password counts.", remarks.Select(r => $"{r.Option}: {r.Words}"));
        AssertLoads(json);
    }

    [Fact]
    public void No_limit_there_is_no_limit_here_for_the_subscriber_either()
    {
        using var none = JsonDocument.Parse(CoturnImporter.Import(["max-bps=0", "user-quota=0"]).Json);
        Assert.Equal(0, none.RootElement.GetProperty("Turn").GetProperty("SubscriberBitRate").GetInt64());
        Assert.Equal(0, none.RootElement.GetProperty("Turn").GetProperty("SubscriberQuota").GetInt32());
        using var large = JsonDocument.Parse(CoturnImporter.Import(["max-bps=10000000", "user-quota=100"]).Json);
        Assert.Equal(80_000_000, large.RootElement.GetProperty("Turn").GetProperty("SubscriberBitRate").GetInt64());
        Assert.Equal(100, large.RootElement.GetProperty("Turn").GetProperty("SubscriberQuota").GetInt32());
    }

    private static void AssertLoads(string json)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json);
            var (configuration, faults) = ServerConfiguration.Load(file, []);
            Assert.Empty(faults);
            Assert.Equal(["Turn"], configuration.Roles.Select(r => r.Section));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
