using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Access;

/// <summary>RFC 8489 section 9.2, timed credentials, RFC 7635 tokens, throttles.</summary>
public sealed class AuthenticationTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void A_configured_user_is_known_by_name_or_hash_with_either_algorithm(bool sha256, bool hidden)
    {
        var scene = new Scene();
        var client = scene.Client();
        client.UsesSha256 = sha256;
        client.HidesName = hidden;
        var answer = client.Allocate();
        Assert.Equal(0, answer.Code);
        Assert.Equal(sha256, answer.Read().HasIntegritySha256);
        Assert.True(answer.Verifies(client.Key));
        Assert.Equal(0, client.Permit(Scene.Peer).Code);
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("nobody", "wonder")]
    [InlineData("1900000000:gw-1", "wrong")]
    public void Unknown_user_and_wrong_password_get_the_same_401(string name, string password)
    {
        var scene = new Scene();
        var reference = scene.Client("alice", "wrong").Allocate();
        var answer = scene.Client(name, password).Allocate();
        Assert.Equal(401, answer.Code);
        Assert.Equal(reference.Bytes.Length, answer.Bytes.Length);
        Assert.False(answer.Read().HasIntegrity || answer.Read().HasIntegritySha256);
        Assert.True(answer.Has(StunAttributeType.Realm) && answer.Has(StunAttributeType.Nonce) && answer.Has(StunAttributeType.PasswordAlgorithms));
        Assert.Equal(0, scene.Engine.UserCount);
    }

    [Theory]
    [InlineData(StunAttributeType.Username)]
    [InlineData(StunAttributeType.Realm)]
    [InlineData(StunAttributeType.Nonce)]
    public void Section_9_2_4_integrity_without_name_realm_or_nonce_gets_400(StunAttributeType missing)
    {
        var scene = new Scene();
        var client = scene.Client();
        var nonce = client.Nonce;
        var request = client.Plain(StunMethod.Allocate, (ref StunWriter w) =>
        {
            if (missing != StunAttributeType.Username)
            {
                w.AddText(StunAttributeType.Username, "alice");
            }

            if (missing != StunAttributeType.Realm)
            {
                w.AddText(StunAttributeType.Realm, Scene.Realm);
            }

            if (missing != StunAttributeType.Nonce)
            {
                w.Add(StunAttributeType.Nonce, nonce);
            }

            w.AddIntegrity(client.Key);
        });
        var answer = scene.Send(request, client.Path);
        Assert.Equal(400, answer.Code);
        Assert.False(answer.Has(StunAttributeType.Nonce) || answer.Has(StunAttributeType.Realm) || answer.Read().HasIntegrity);
    }

    [Fact]
    public void A_nonce_of_another_address_port_or_transport_is_stale()
    {
        var scene = new Scene();
        var nonce = scene.Client().Nonce;
        foreach (var (address, listener) in new[] { ("192.0.2.10:4001", Scene.UdpV4), ("192.0.2.11:4000", Scene.UdpV4), ("192.0.2.10:4000", Scene.TcpV4) })
        {
            var other = scene.Client(address: address, listener: listener);
            other.Nonce = nonce;
            other.RetriesStaleNonce = false;
            var answer = other.Allocate();
            Assert.Equal(438, answer.Code);
            Assert.True(answer.Has(StunAttributeType.Realm) && answer.Has(StunAttributeType.PasswordAlgorithms));
            other.Nonce = answer.Nonce;
            Assert.Equal(0, other.Allocate().Code);
        }
    }

    [Fact]
    public void A_nonce_lasts_ten_minutes_and_survives_nothing_else()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.RetriesStaleNonce = false;
        scene.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal(0, client.Refresh().Code);
        scene.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(438, client.Refresh().Code);
        client.Nonce = [.. client.Nonce[..^1], (byte)(client.Nonce[^1] ^ 1)];
        Assert.Equal(438, client.Refresh().Code);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_step_of_the_wall_clock_by_an_hour_ends_nothing_and_costs_one_stale_nonce(int hours)
    {
        var scene = new Scene();
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        scene.Utc += TimeSpan.FromHours(hours);
        scene.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(client.SendChannelData(0x4000, [1]));
        client.RetriesStaleNonce = false;
        Assert.Equal(438, client.Refresh().Code);
        client.RetriesStaleNonce = true;
        Assert.Equal(0, client.Refresh().Code);
        Assert.Equal(1, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Removing_the_SHA256_offer_from_nonce_or_request_is_detected()
    {
        var scene = new Scene();
        var client = scene.Client();
        client.RetriesStaleNonce = false;
        var nonce = client.Nonce;
        nonce[9] = (byte)'A'; // the feature bit of password algorithms
        client.Nonce = nonce;
        Assert.Equal(438, client.Allocate().Code);

        var strict = new Scene(credentials: new RelayCredentials(Scene.Realm, [StaticUser.Create("alice", Scene.Realm, "wonder")]) { RequiresSha256 = true });
        Assert.Equal(401, strict.Client().Allocate().Code);
    }

    [Fact]
    public void Section_9_2_4_PASSWORD_ALGORITHM_must_repeat_the_offer()
    {
        var scene = new Scene();
        var client = scene.Client();
        var one = client.Request(StunMethod.Allocate, (ref StunWriter w) =>
        {
            w.AddRequestedTransport(17);
            w.AddPasswordAlgorithm(PasswordAlgorithm.Sha256);
        });
        Assert.Equal(400, one.Code);
        var other = client.Request(StunMethod.Allocate, (ref StunWriter w) =>
        {
            w.AddRequestedTransport(17);
            w.AddPasswordAlgorithms([PasswordAlgorithm.Md5]);
            w.AddPasswordAlgorithm(PasswordAlgorithm.Md5);
        });
        Assert.Equal(400, other.Code);
    }

    [Fact]
    public void RFC_8656_section_6_the_password_is_not_stored_only_its_keys_are()
    {
        var user = StaticUser.Create("alice", Scene.Realm, "wonder");
        Assert.DoesNotContain(typeof(StaticUser).GetProperties(), p => p.PropertyType == typeof(string) && p.Name.Contains("Password", StringComparison.Ordinal));
        Assert.DoesNotContain("wonder", user.ToString(), StringComparison.Ordinal);
        Assert.Equal(Convert.FromHexString("8493fbc53ba582fb4c044c456bdc40eb"), StaticUser.Create("user", "realm", "pass").Md5Key.Bytes); // RFC 8489 section 9.2.2
    }

    [Fact]
    public void Attributes_behind_the_integrity_are_ignored()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        var request = client.Signed(StunMethod.CreatePermission, (ref StunWriter w) => w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer));
        var buffer = new byte[1500];
        request.CopyTo(buffer, 0);
        // XOR-PEER-ADDRESS of another peer after MESSAGE-INTEGRITY; the header's length covers it.
        new byte[] { 0, 0x12, 0, 8, 0, 1, 0x11, 0x11, 1, 2, 3, 4 }.CopyTo(buffer, request.Length);
        buffer[3] += 12;
        Assert.Equal(0, scene.Send(buffer.AsSpan(0, request.Length + 12), client.Path).Code);
        Assert.Single(scene.Engine.Snapshot(scene.Now)[0].Peers);
    }

    [Fact]
    public void A_changed_byte_breaks_the_integrity()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        var request = client.Signed(StunMethod.CreatePermission, (ref StunWriter w) => w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer));
        request[27] ^= 1;
        Assert.Equal(401, scene.Send(request, client.Path).Code);
        Assert.Empty(scene.Engine.Snapshot(scene.Now)[0].Peers);
    }

    [Fact]
    public void A_timed_credential_opens_allocations_until_it_expires_and_serves_existing_ones_after()
    {
        var scene = new Scene();
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", "s-1");
        var client = scene.Client(credential.Username, credential.Password);
        Assert.Equal(0, client.Allocate().Code);
        scene.Advance(TimeSpan.FromSeconds(329)); // 5 minutes and nearly the clock tolerance
        Assert.Equal(0, scene.Client(credential.Username, credential.Password, "192.0.2.10:4001").Allocate().Code);
        scene.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(401, scene.Client(credential.Username, credential.Password, "192.0.2.10:4002").Allocate().Code);
        Assert.Equal(RefusalReason.CredentialExpired, scene.Engine.LastOutcome.Reason);
        Assert.Equal(0, client.Refresh().Code);
        Assert.Equal(0, client.Bind(0x4000, Scene.Peer).Code);
    }

    [Fact]
    public void Two_secrets_are_live_during_a_rotation_and_existing_allocations_survive_it()
    {
        var scene = new Scene();
        var next = RandomNumberGenerator.GetBytes(32);
        var old = TimedCredential.Issue(Scene.Secret, scene.Utc.AddHours(1), "gw-1");
        var young = TimedCredential.Issue(next, scene.Utc.AddHours(1), "gw-2");
        var client = scene.Client(old.Username, old.Password, "192.0.2.10:1");
        Assert.Equal(0, client.Allocate().Code);
        Assert.Equal(401, scene.Client(young.Username, young.Password, "192.0.2.10:2").Allocate().Code);
        scene.Engine.Update(new RelayCredentials(Scene.Realm) { TimedSecrets = new TimedSecrets(next, Scene.Secret) });
        Assert.Equal(0, scene.Client(young.Username, young.Password, "192.0.2.10:2").Allocate().Code);
        Assert.Equal(0, scene.Client(old.Username, old.Password, "192.0.2.10:3").Allocate().Code);
        scene.Engine.Update(new RelayCredentials(Scene.Realm) { TimedSecrets = new TimedSecrets(next) });
        Assert.Equal(401, scene.Client(old.Username, old.Password, "192.0.2.10:4").Allocate().Code);
        Assert.Equal(0, client.Refresh().Code);
    }

    /// <summary>A name is made of a second and a subject, so two secrets may give the same one with two passwords.</summary>
    [Fact]
    public void A_name_that_comes_with_another_password_leaves_allocations_of_the_first_their_key()
    {
        var next = RandomNumberGenerator.GetBytes(32);
        var scene = new Scene(credentials: new RelayCredentials(Scene.Realm) { TimedSecrets = new TimedSecrets(next, Scene.Secret) });
        var old = TimedCredential.Issue(Scene.Secret, scene.Utc.AddHours(1), "gw-1");
        var young = TimedCredential.Issue(next, scene.Utc.AddHours(1), "gw-1");
        Assert.Equal(old.Username, young.Username);
        var first = scene.Client(old.Username, old.Password, "192.0.2.10:1");
        var second = scene.Client(young.Username, young.Password, "192.0.2.10:2");
        Assert.Equal((0, 0), (first.Allocate().Code, second.Allocate().Code));
        scene.Engine.Update(new RelayCredentials(Scene.Realm) { TimedSecrets = new TimedSecrets(next) });
        Assert.Equal((0, 0), (first.Refresh().Code, second.Refresh().Code));
        Assert.Equal((0, 0), (second.Refresh(0).Code, first.Refresh().Code));
        Assert.Equal(0, first.Refresh(0).Code);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(32)]
    public void RFC_7635_a_token_opens_an_allocation_no_longer_than_its_own_life(int keyLength)
    {
        var server = new byte[32];
        var credentials = new RelayCredentials(Scene.Realm) { TokenKeys = [new TokenKey("kid-1"u8.ToArray(), server)], ServerName = "turn.example.org" };
        var scene = new Scene(credentials: credentials);
        var mac = RandomNumberGenerator.GetBytes(keyLength);
        var token = new AccessToken(mac, scene.Utc, TimeSpan.FromSeconds(400)).Mint(server, "turn.example.org"u8, new CountingRandom());
        var client = scene.Client("kid-1", "");
        Assert.Equal("turn.example.org", System.Text.Encoding.UTF8.GetString(scene.Send(client.Plain(StunMethod.Refresh, (ref StunWriter w) => w.Add(StunAttributeType.Software, new byte[64])), client.Path).Text(StunAttributeType.ThirdPartyAuthorization)));
        var answer = scene.Send(Signed(client, StunMethod.Allocate, token, mac), client.Path);
        Assert.Equal(0, answer.Code);
        Assert.InRange(answer.Lifetime, 395u, 405u);
        Assert.True(keyLength == 32 ? MessageIntegrity.VerifySha256(answer.Read(), mac) : MessageIntegrity.Verify(answer.Read(), mac));
        Assert.Equal(0, scene.Send(Signed(client, StunMethod.CreatePermission, [], mac), client.Path).Code);
        token[^1] ^= 1;
        var other = scene.Client("kid-1", "", "192.0.2.10:4001");
        Assert.Equal(401, scene.Send(Signed(other, StunMethod.Allocate, token, mac), other.Path).Code);
    }

    [Fact]
    public void RFC_7635_an_expired_token_and_a_token_nobody_asked_for_are_refused()
    {
        var server = new byte[32];
        var mac = new byte[20];
        var credentials = new RelayCredentials(Scene.Realm) { TokenKeys = [new TokenKey("kid-1"u8.ToArray(), server)], ServerName = "turn" };
        var scene = new Scene(credentials: credentials);
        var token = new AccessToken(mac, scene.Utc.AddSeconds(-100), TimeSpan.FromSeconds(90)).Mint(server, "turn"u8, new CountingRandom());
        var client = scene.Client("kid-1", "");
        Assert.Equal(401, scene.Send(Signed(client, StunMethod.Allocate, token, mac), client.Path).Code);
        var plain = new Scene();
        Assert.Equal(420, plain.Client().Allocate((ref StunWriter w) => w.Add(StunAttributeType.AccessToken, token)).Code);
    }

    [Fact]
    public void After_20_failures_in_a_second_or_200_in_a_minute_there_is_silence_for_this_name_only()
    {
        var scene = new Scene();
        var wrong = scene.Client("alice", "wrong");
        var answered = Enumerable.Range(0, 100).Count(_ => !wrong.Allocate().IsSilent);
        Assert.Equal(20, answered);
        Assert.Equal(401, scene.Client("bob", "wrong").Allocate().Code);
        Assert.Equal(0, scene.Client(address: "192.0.2.10:4100").Allocate().Code);
        Assert.True(wrong.Allocate().IsSilent, "success of another client resets nothing");
        for (var second = 0; second < 59; second++)
        {
            scene.Advance(TimeSpan.FromSeconds(1));
            answered += Enumerable.Range(0, 30).Count(_ => !wrong.Allocate().IsSilent);
        }

        Assert.InRange(answered, 200, 400); // 200 at once plus what a minute refills
    }

    [Theory]
    [InlineData("stranger")]
    [InlineData("10.9.8.7")]
    public void A_scope_that_lists_peers_refuses_others(string kind)
    {
        var scene = new Scene();
        var scope = new CredentialScope("s-1", 0, [(TransportAddress.Parse("51.1.0.0:0"), 16)]).ToString();
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", scope);
        var client = scene.Client(credential.Username, credential.Password);
        Assert.Equal(0, client.Allocate().Code);
        Assert.Equal(0, client.Permit(Scene.Peer).Code);
        Assert.Equal(0, client.Permit(Scene.ServerV4).Code);
        Assert.Equal(403, client.Permit(kind == "stranger" ? TransportAddress.Parse("52.1.1.1:1") : TransportAddress.Parse("10.9.8.7:1")).Code);
        Assert.Equal(kind == "stranger" ? 1 : 0, scene.Engine.Counters.ScopeStrangers);
    }

    [Fact]
    public void In_observe_mode_strangers_are_counted_only()
    {
        var scene = new Scene(credentials: new RelayCredentials(Scene.Realm) { TimedSecrets = new TimedSecrets(Scene.Secret), PeerScope = PeerScopeMode.Observe });
        var scope = new CredentialScope("s-1", 0, [(TransportAddress.Parse("52.0.0.0:0"), 8)]).ToString();
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", scope);
        var client = scene.Client(credential.Username, credential.Password);
        client.Allocate();
        Assert.Equal(0, client.Permit(Scene.Peer).Code);
        Assert.Equal(1, scene.Engine.Counters.ScopeStrangers);
    }

    [Fact]
    public void A_scope_that_cannot_be_read_opens_nothing()
    {
        var scene = new Scene();
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", "s-1~p!!!");
        var client = scene.Client(credential.Username, credential.Password);
        Assert.Equal(0, client.Allocate().Code);
        Assert.Equal(403, client.Permit(Scene.Peer).Code);
    }

    [Fact]
    public void Scopes_survive_writing_and_reading()
    {
        var scope = new CredentialScope("session-9", 2500, [(TransportAddress.Parse("51.1.2.3:0"), 32), (TransportAddress.Parse("51.1.0.0:0"), 20), (TransportAddress.Parse("[2a00:1::]:0"), 48), (TransportAddress.Parse("[2a00:1::7]:0"), 128)]);
        Assert.True(CredentialScope.TryRead(System.Text.Encoding.UTF8.GetBytes(scope.ToString()), out var read));
        Assert.Equal(("session-9", 2500), (read!.Id, read.KiloBitsPerSecond));
        Assert.Equal(scope.Peers, read.Peers);
        Assert.True(read.Covers(TransportAddress.Parse("51.1.15.255:9")));
        Assert.False(read.Covers(TransportAddress.Parse("51.1.16.0:9")));
        Assert.True(read.Covers(TransportAddress.Parse("[2a00:1:0:ffff::1]:9")));
        Assert.False(CredentialScope.TryRead("a~x1"u8, out _));
        Assert.False(CredentialScope.TryRead("a~r-5"u8, out _));
        Assert.False(CredentialScope.TryRead("a~pIQEC"u8, out _));
    }

    private static byte[] Signed(TestClient client, StunMethod method, byte[] token, byte[] mac) => client.Plain(method, Writer(client, method, token, mac));

    private static Fill Writer(TestClient client, StunMethod method, byte[] token, byte[] mac)
    {
        var nonce = client.Nonce;
        return (ref StunWriter w) =>
        {
            if (method == StunMethod.Allocate)
            {
                w.AddRequestedTransport(17);
            }
            else
            {
                w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer);
            }

            w.AddText(StunAttributeType.Username, "kid-1");
            w.AddText(StunAttributeType.Realm, Scene.Realm);
            w.Add(StunAttributeType.Nonce, nonce);
            if (token.Length > 0)
            {
                w.Add(StunAttributeType.AccessToken, token);
            }

            if (mac.Length == 32)
            {
                w.AddIntegritySha256(mac);
            }
            else
            {
                w.AddIntegrity(mac);
            }
        };
    }
}
