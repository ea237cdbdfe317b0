using System.Security.Cryptography;
using System.Text;
using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

public class CredentialTests
{
    private const string Own = "stun_turn_own.json";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Fact]
    public void Md5_key_of_rfc5769_uses_the_prepared_password()
    {
        var row = VectorFile.Rows("stun_rfc5769_rfc8489.json", "vectors").Single(r => r.TextProperty("id") == "rfc5769-2.4");
        Assert.True(SaslPrep.TryPrepare(row.TextProperty("password_before_saslprep"), out var password));
        Assert.Equal(row.TextProperty("password_after_saslprep"), password);
        var key = LongTermKey.Derive(PasswordAlgorithm.Md5, row.TextProperty("username"), row.TextProperty("realm"), password);
        Assert.Equal(row.TextProperty("integrity_key_hex"), Convert.ToHexStringLower(key.Bytes));
    }

    [Fact]
    public void Sha256_key_and_userhash_of_rfc8489_are_reproduced()
    {
        var row = VectorFile.Rows("stun_rfc5769_rfc8489.json", "vectors").Single(r => r.TextProperty("id") == "rfc8489-B.1");
        var key = LongTermKey.Derive(PasswordAlgorithm.Sha256, row.TextProperty("username"), row.TextProperty("realm"), row.TextProperty("password"));
        Assert.Equal(row.TextProperty("integrity_key_hex"), Convert.ToHexStringLower(key.Bytes));
        var hash = new byte[Userhash.Length];
        Userhash.Compute(Encoding.UTF8.GetBytes(row.TextProperty("username")), Encoding.UTF8.GetBytes(row.TextProperty("realm")), hash);
        Assert.Equal("4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704", Convert.ToHexStringLower(hash));
    }

    [Theory]
    [InlineData("own-8489-sha256-key", PasswordAlgorithm.Sha256)]
    [InlineData("own-8489-md5-key-userhash", PasswordAlgorithm.Md5)]
    public void Own_messages_name_their_algorithm_and_offer_both(string id, PasswordAlgorithm algorithm)
    {
        var row = VectorFile.Rows(Own, "messages").Single(r => r.TextProperty("id") == id);
        Assert.True(StunMessage.TryRead(row.HexProperty("hex"), out var message, out _));
        Assert.True(message.TryGetPasswordAlgorithm(out var chosen));
        Assert.Equal(algorithm, chosen);
        Assert.True(message.TryGet(StunAttributeType.PasswordAlgorithms, out var offered));
        Assert.True(PasswordAlgorithms.Contains(offered, PasswordAlgorithm.Md5));
        Assert.True(PasswordAlgorithms.Contains(offered, PasswordAlgorithm.Sha256));
        var key = LongTermKey.Derive(algorithm, row.TextProperty("username"), row.TextProperty("realm"), row.TextProperty("password"));
        Assert.Equal(row.TextProperty("key_hex"), Convert.ToHexStringLower(key.Bytes));
        Assert.True(message.TryGetNonce(out var nonce));
        Assert.True(NonceCookie.TryRead(nonce, out var features));
        Assert.Equal(SecurityFeatures.PasswordAlgorithms | SecurityFeatures.UsernameAnonymity, features);
    }

    [Theory]
    [InlineData("obMatJos2gAAAxyz", SecurityFeatures.PasswordAlgorithms)]
    [InlineData("obMatJos2QAAAxyz", SecurityFeatures.UsernameAnonymity)]
    [InlineData("obMatJos2AAAC", SecurityFeatures.UsernameAnonymity)]
    [InlineData("obMatJos2AAAD", SecurityFeatures.PasswordAlgorithms | SecurityFeatures.UsernameAnonymity)]
    [InlineData("obMatJos2AAAA", SecurityFeatures.None)]
    public void Feature_bits_are_read_from_either_side(string nonce, SecurityFeatures expected)
    {
        Assert.True(NonceCookie.TryRead(Encoding.ASCII.GetBytes(nonce), out var features));
        Assert.Equal(expected, features);
    }

    [Theory]
    [InlineData("")]
    [InlineData("obMatJos2AAA")]
    [InlineData("obMatJos3AAAA")]
    [InlineData("obMatJos2A*AA")]
    [InlineData("obMatJos2AAA=")]
    public void A_nonce_without_whole_cookie_has_no_features(string nonce) =>
        Assert.False(NonceCookie.TryRead(Encoding.ASCII.GetBytes(nonce), out _));

    [Fact]
    public void A_written_cookie_numbers_bits_from_the_left()
    {
        var cookie = new byte[NonceCookie.Length];
        NonceCookie.Write(SecurityFeatures.PasswordAlgorithms | SecurityFeatures.UsernameAnonymity, cookie);
        Assert.Equal("obMatJos2wAAA", Encoding.ASCII.GetString(cookie));
    }

    [Fact]
    public void Timed_passwords_and_keys_agree_with_the_rest_scheme()
    {
        foreach (var row in VectorFile.Rows("turn_rest.json", "vectors"))
        {
            var secret = Encoding.UTF8.GetBytes(row.TextProperty("shared_secret"));
            var name = Encoding.UTF8.GetBytes(row.TextProperty("username"));
            var password = new byte[TimedCredential.PasswordLength];
            TimedCredential.WritePassword(secret, name, password);
            Assert.Equal(row.TextProperty("password_hmac_sha1"), Encoding.ASCII.GetString(password));
            var key = TimedCredential.DeriveKey(PasswordAlgorithm.Md5, secret, name, "example.org"u8);
            Assert.Equal(row.TextProperty("longterm_key_md5_realm_example_org"), Convert.ToHexStringLower(key.Bytes));
            Assert.True(TimedName.TryRead(name, out var timed));
            Assert.Equal(row.GetProperty("expires_unix").GetInt64(), timed.ExpiresUnix);
            Assert.Equal(row.TextProperty("user_id"), Encoding.UTF8.GetString(timed.Subject));
        }
    }

    [Fact]
    public void An_issued_name_carries_expiry_subject_and_scope()
    {
        var credential = TimedCredential.Issue("0123456789abcdef"u8, Now.AddMinutes(5), "gw-17", "session-9");
        Assert.Equal("1800000300:gw-17:session-9", credential.Username);
        Assert.DoesNotContain(credential.Password, credential.ToString(), StringComparison.Ordinal);
        Assert.True(TimedName.TryRead(Encoding.UTF8.GetBytes(credential.Username), out var name));
        Assert.Equal("gw-17", Encoding.UTF8.GetString(name.Subject));
        Assert.Equal("session-9", Encoding.UTF8.GetString(name.Scope));
        Assert.False(name.IsExpired(Now.AddSeconds(330), TimeSpan.FromSeconds(30)));
        Assert.True(name.IsExpired(Now.AddSeconds(331), TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("alice")]
    [InlineData(":alice")]
    [InlineData("-5:alice")]
    [InlineData("123456789012:alice")]
    [InlineData("12 3:alice")]
    public void An_ordinary_name_is_not_timed(string name) => Assert.False(TimedName.TryRead(Encoding.UTF8.GetBytes(name), out _));

    [Fact]
    public void A_subject_with_colon_and_a_short_secret_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TimedCredential.Issue("0123456789abcdef"u8, Now, "a:b"));
        Assert.Throws<ArgumentException>(() => new TimedSecrets("short"u8));
        Assert.Throws<ArgumentException>(() => new TimedSecrets("0123456789abcdef"u8, "short"u8));
    }

    [Theory]
    [InlineData(PasswordAlgorithm.Md5)]
    [InlineData(PasswordAlgorithm.Sha256)]
    public void Both_live_secrets_are_accepted_and_others_are_not(PasswordAlgorithm algorithm)
    {
        byte[] older = [.. Enumerable.Repeat((byte)1, 32)], newer = [.. Enumerable.Repeat((byte)2, 32)];
        var rotated = new TimedSecrets(newer, older);
        foreach (var (secret, accepted) in new[] { (older, true), (newer, true), (Enumerable.Repeat((byte)3, 32).ToArray(), false) })
        {
            var name = Encoding.UTF8.GetBytes(TimedCredential.Issue(secret, Now, "gw", "s").Username);
            var key = TimedCredential.DeriveKey(algorithm, secret, name, "realm"u8);
            var writer = new StunWriter(new byte[256], StunMethod.Allocate, StunClass.Request, default);
            writer.Add(StunAttributeType.Username, name);
            writer.AddIntegrity(key);
            Assert.True(StunMessage.TryRead(writer.Written, out var message, out _));
            Assert.Equal(accepted, rotated.TryVerify(message, algorithm, name, "realm"u8, out var used));
            if (accepted)
                Assert.Equal(key, used);
        }
    }

    [Fact]
    public void Access_tokens_of_rfc7635_are_minted_and_opened()
    {
        var longTerm = "HGkj32KJGiuy098sdfaqbNjOiaz71923"u8;
        var nonce = "h4j3k2l2n4b5"u8;
        var server = "blackdow.carleon.gov"u8;
        // Appendix A: 92470300704768 is 1411000000 s and 0/64000.
        var token = new AccessToken("ZksjpweoixXmvn67534m"u8.ToArray(),
            DateTimeOffset.FromUnixTimeSeconds(92470300704768 >> 16), TimeSpan.FromSeconds(3600));
        var expected = VectorFile.ReadHex("""
            000c68346a336b326c326e346235617ef134a3d5e44e9a19cc7dc104b0c03d03b2a551d8fdf5cd3b6dca6f10cfb77e5b2ddec84d293a5c50499359f0c2e26f76
            """);
        Assert.Equal(expected, token.Seal(longTerm, server, nonce));
        Assert.True(AccessToken.TryOpen(expected, longTerm, server, out var opened));
        Assert.Equal("ZksjpweoixXmvn67534m"u8.ToArray(), opened!.MacKey.ToArray());
        Assert.Equal(TimeSpan.FromHours(1), opened.Lifetime);
        Assert.False(AccessToken.TryOpen(expected, longTerm, "other.example"u8, out _));
        var shorter = VectorFile.ReadHex("""
            000c68346a336b326c326e3462357fb9e99f0827be3df1e1bd651493d3031d36df57079784aee5eacb65fad4f27fab1a3f97974b69f851b24bf5af09eda357e0
            """);
        Assert.Equal(shorter, token.Seal(longTerm[..16], server, nonce));
    }

    [Fact]
    public void An_access_token_ends_after_lifetime_and_delta()
    {
        var token = new AccessToken(new byte[20], Now, TimeSpan.FromMinutes(10));
        Assert.True(token.IsValid(Now.AddSeconds(604)));
        Assert.False(token.IsValid(Now.AddSeconds(605)));
        Assert.Equal(TimeSpan.FromSeconds(305), token.RemainingLifetime(Now.AddMinutes(5)));
        Assert.Equal(TimeSpan.Zero, token.RemainingLifetime(Now.AddHours(2)));
    }

    [Fact]
    public void Every_changed_bit_of_an_access_token_is_noticed()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var bytes = new AccessToken(new byte[32], Now.AddMilliseconds(500), TimeSpan.FromMinutes(1)).Mint(key, "relay"u8, new CountingRandom());
        Assert.True(AccessToken.TryOpen(bytes, key, "relay"u8, out var opened));
        Assert.Equal(Now.AddMilliseconds(500), opened!.Issued);
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            bytes[i / 8] ^= (byte)(1 << (i % 8));
            Assert.False(AccessToken.TryOpen(bytes, key, "relay"u8, out _));
            bytes[i / 8] ^= (byte)(1 << (i % 8));
        }

        for (var length = 0; length < bytes.Length; length++)
            Assert.False(AccessToken.TryOpen(bytes.AsSpan(0, length), key, "relay"u8, out _));
    }
}
