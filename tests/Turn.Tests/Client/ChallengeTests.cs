using MediaRelay.Stun;
using MediaRelay.Turn.Client;
using static MediaRelay.Turn.Tests.Client.ScriptedServer;

namespace MediaRelay.Turn.Tests.Client;

public class ChallengeTests
{
    private const string Both = "obMatJos2wAAA0123456789";
    private const string AlgorithmsOnly = "obMatJos2gAAA0123456789";

    [Fact]
    public void An_old_challenge_is_answered_with_md5_and_sha1()
    {
        var server = new ScriptedServer();
        server.Start();
        var first = server.Take();
        Assert.False(Read(first).HasIntegrity);
        server.Challenge(first);
        var second = Read(server.Take());
        Assert.NotEqual(Read(first).TransactionId, second.TransactionId);
        Assert.True(second.TryGetUsername(out var name) && name.SequenceEqual("alice"u8));
        Assert.True(second.TryGetRealm(out _) && second.TryGetNonce(out _));
        Assert.True(MessageIntegrity.Verify(second, LongTermKey.Derive(PasswordAlgorithm.Md5, "alice", Realm, "secret")));
        Assert.False(second.Has(StunAttributeType.PasswordAlgorithm));
    }

    [Theory]
    [InlineData(AlgorithmsOnly, PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5)]
    [InlineData(Both, PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5)]
    [InlineData(AlgorithmsOnly, PasswordAlgorithm.Md5, PasswordAlgorithm.Sha256)]
    [InlineData(AlgorithmsOnly, (PasswordAlgorithm)9, PasswordAlgorithm.Sha256)]
    public void The_first_known_algorithm_of_the_offer_is_used_and_the_offer_is_echoed(string nonce, PasswordAlgorithm first, PasswordAlgorithm second)
    {
        var server = new ScriptedServer();
        server.Start();
        server.Challenge(server.Take(), nonce: nonce, offer: [first, second]);
        var expected = first is PasswordAlgorithm.Md5 or PasswordAlgorithm.Sha256 ? first : second;
        var request = server.Take();
        var message = Read(request);
        Assert.True(message.TryGetPasswordAlgorithm(out var algorithm));
        Assert.Equal(expected, algorithm);
        Assert.True(message.TryGet(StunAttributeType.PasswordAlgorithms, out var echoed) && echoed.Length == 8);
        Assert.Equal((ushort)first, (echoed[0] << 8) | echoed[1]);
        server.Key = LongTermKey.Derive(expected, "alice", Realm, "secret");
        Assert.True(message.HasIntegritySha256);
        Assert.False(message.HasIntegrity);
        Assert.True(MessageIntegrity.Verify(message, server.Key));
        Assert.Equal(nonce == Both, message.TryGetUserhash(out _));
        Assert.Equal(nonce != Both, message.TryGetUsername(out _));

        server.SignWithSha256 = true;
        server.Answer(request, StunClass.Success, (ref StunWriter w) =>
        {
            AllocateAnswer(ref w);
        });
        Assert.Equal(TurnClientState.Allocated, server.Client.State);
    }

    [Theory]
    [InlineData(StunErrorCode.Unauthenticated)]
    [InlineData(StunErrorCode.StaleNonce)]
    public void A_removed_algorithm_list_is_a_downgrade(StunErrorCode code)
    {
        var server = new ScriptedServer();
        server.Start();
        if (code == StunErrorCode.StaleNonce)
            server.Challenge(server.Take(), nonce: AlgorithmsOnly, offer: [PasswordAlgorithm.Sha256]);
        server.Challenge(server.Take(), code, AlgorithmsOnly);
        Assert.Equal(TurnFailure.Downgraded, server.Last<TurnClientCommand.RequestFailed>().Failure);
        Assert.False(server.HasMore);
    }

    [Fact]
    public void An_offer_without_known_algorithm_is_not_answered()
    {
        var server = new ScriptedServer();
        server.Start();
        server.Challenge(server.Take(), nonce: AlgorithmsOnly, offer: [(PasswordAlgorithm)9]);
        Assert.Equal(TurnFailure.NoCommonAlgorithm, server.Last<TurnClientCommand.RequestFailed>().Failure);
    }

    [Fact]
    public void A_second_401_is_final()
    {
        var server = new ScriptedServer();
        server.Start();
        server.Challenge(server.Take());
        server.Challenge(server.Take());
        Assert.Equal((TurnFailure.Refused, StunErrorCode.Unauthenticated), (server.Last<TurnClientCommand.RequestFailed>().Failure, server.Last<TurnClientCommand.RequestFailed>().Code));
    }

    [Fact]
    public void Without_credentials_a_challenge_is_final()
    {
        var server = new ScriptedServer(s => s with { Credential = null });
        server.Start();
        server.Challenge(server.Take());
        Assert.Equal(TurnFailure.CredentialsNeeded, server.Last<TurnClientCommand.RequestFailed>().Failure);
    }

    [Fact]
    public void A_stale_nonce_is_replaced_three_times_and_no_more()
    {
        var server = new ScriptedServer();
        server.Allocate();
        server.Client.AddPermission(Peer, server.Now, server.Commands);
        for (var i = 0; i < 3; i++)
        {
            server.Challenge(server.Take(), StunErrorCode.StaleNonce, $"nonce-{i}");
            Assert.True(server.HasMore);
        }

        var last = server.Take();
        Assert.Equal("nonce-2", Text(last, StunAttributeType.Nonce));
        server.Challenge(last, StunErrorCode.StaleNonce, "nonce-3");
        Assert.Equal(StunErrorCode.StaleNonce, server.Last<TurnClientCommand.RequestFailed>().Code);
        Assert.Equal(TurnClientState.Allocated, server.Client.State);
    }

    [Fact]
    public void Unsigned_answers_are_discarded_and_the_time_out_says_so()
    {
        var server = new ScriptedServer();
        server.Start();
        server.Challenge(server.Take());
        var request = server.Take();
        server.Answer(request, StunClass.Success, (ref StunWriter w) => AllocateAnswer(ref w), signed: false);
        server.Refuse(request, StunErrorCode.AllocationQuotaReached, signed: false);
        server.Refuse(request, StunErrorCode.BadRequest, signed: false);
        Assert.Equal((TurnClientState.Allocating, 3L), (server.Client.State, server.Client.Counters.Unverified));
        server.Advance(40);
        Assert.Equal(TurnFailure.IntegrityViolated, server.Last<TurnClientCommand.RequestFailed>().Failure);
    }

    [Fact]
    public void Over_a_stream_an_unsigned_answer_ends_at_once()
    {
        var server = new ScriptedServer(s => s with { Transport = StunTransport.Tcp });
        server.Start();
        server.Challenge(server.Take());
        server.Answer(server.Take(), StunClass.Success, (ref StunWriter w) => AllocateAnswer(ref w), signed: false);
        Assert.Equal(TurnFailure.IntegrityViolated, server.Last<TurnClientCommand.RequestFailed>().Failure);
    }

    [Fact]
    public void Unsigned_errors_count_when_the_settings_say_so()
    {
        var server = new ScriptedServer(s => s with { AcceptUnsignedErrors = true });
        server.Start();
        server.Challenge(server.Take());
        server.Refuse(server.Take(), StunErrorCode.AllocationQuotaReached, signed: false);
        Assert.Equal(StunErrorCode.AllocationQuotaReached, server.Last<TurnClientCommand.RequestFailed>().Code);
    }

    [Fact]
    public void An_answer_signed_with_another_key_is_discarded()
    {
        var server = new ScriptedServer();
        server.Start();
        server.Challenge(server.Take());
        server.Key = LongTermKey.Derive(PasswordAlgorithm.Md5, "alice", Realm, "other");
        server.Answer(server.Take(), StunClass.Success, (ref StunWriter w) => AllocateAnswer(ref w));
        Assert.Equal(TurnClientState.Allocating, server.Client.State);
    }

    [Fact]
    public void A_redirect_over_udp_goes_on_at_the_other_server_and_a_loop_ends()
    {
        var other = TransportAddress.Parse("192.0.2.11:3478");
        var server = new ScriptedServer();
        server.Start();
        Redirect(server, other);
        Assert.Equal(other, server.Last<TurnClientCommand.Redirected>().Server);
        Assert.Equal(other, server.Commands.OfType<TurnClientCommand.Send>().Last().Server);
        Redirect(server, Address);
        Assert.Equal((TurnFailure.RedirectLoop, StunErrorCode.TryAlternate), (server.Last<TurnClientCommand.RequestFailed>().Failure, server.Last<TurnClientCommand.RequestFailed>().Code));
    }

    [Fact]
    public void A_redirect_over_tls_waits_for_the_new_connection_and_names_the_domain()
    {
        var other = TransportAddress.Parse("192.0.2.11:5349");
        var server = new ScriptedServer(s => s with { Transport = StunTransport.Tls });
        server.Start();
        server.Answer(server.Take(), StunClass.Error, (ref StunWriter w) =>
        {
            w.AddErrorCode(StunErrorCode.TryAlternate);
            w.AddAddress(StunAttributeType.AlternateServer, RelayedV6);
            w.AddAddress(StunAttributeType.AlternateServer, other);
            w.AddText(StunAttributeType.AlternateDomain, "b.example");
        });
        Assert.Equal(new TurnClientCommand.Redirected(other, "b.example"), server.Last<TurnClientCommand.Redirected>());
        Assert.Equal(TurnClientState.Reconnecting, server.Client.State);
        Assert.False(server.HasMore);
        server.Start();
        Assert.True(server.HasMore);
    }

    [Fact]
    public void A_token_is_asked_for_and_travels_only_in_allocate_and_refresh()
    {
        var server = new ScriptedServer(s => s with { Credential = null });
        server.Start();
        server.Answer(server.Take(), StunClass.Error, (ref StunWriter w) =>
        {
            w.AddErrorCode(StunErrorCode.Unauthenticated);
            w.AddText(StunAttributeType.Realm, Realm);
            w.AddText(StunAttributeType.Nonce, Nonce);
            w.AddText(StunAttributeType.ThirdPartyAuthorization, "relay.example");
        });
        Assert.Equal("relay.example", server.Last<TurnClientCommand.TokenNeeded>().ServerName);
        Assert.Equal(TurnClientState.WaitingForToken, server.Client.State);
        var macKey = new byte[20];
        server.Client.SetToken(TurnCredential.FromToken("key-1", new byte[64], macKey), server.Now, server.Commands);
        var request = Read(server.Take());
        Assert.True(request.TryGetUsername(out var kid) && kid.SequenceEqual("key-1"u8));
        Assert.True(request.TryGet(StunAttributeType.AccessToken, out var token) && token.Length == 64);
        Assert.True(MessageIntegrity.Verify(request, macKey));
        Assert.True(request.TryGetNonce(out var nonce) && System.Text.Encoding.UTF8.GetString(nonce) == Nonce);
        Assert.True(request.TryGetRealm(out _));
        var reply = StunWriter.Reply(new byte[256], request, StunClass.Success);
        AllocateAnswer(ref reply);
        reply.AddIntegrity(macKey);
        server.Client.HandleReceived(reply.Written, server.Now, server.Commands);
        server.Client.AddPermission(Peer, server.Now, server.Commands);
        Assert.False(Read(server.Take()).Has(StunAttributeType.AccessToken));
    }

    private static void Redirect(ScriptedServer server, TransportAddress other) =>
        server.Answer(server.Take(), StunClass.Error, (ref StunWriter w) =>
        {
            w.AddErrorCode(StunErrorCode.TryAlternate);
            w.AddAddress(StunAttributeType.AlternateServer, other);
        });
}
