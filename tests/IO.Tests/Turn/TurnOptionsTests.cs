using System.ComponentModel.DataAnnotations;
using MediaRelay.Stun;
using MediaRelay.Turn;
using MediaRelay.Turn.IO;
using MediaRelay.Turn.Peers;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>What the operator reads when options contradict each other, and what options mean.</summary>
public sealed class TurnOptionsTests
{
    public static TheoryData<TurnOptions, string> Faults => new()
    {
        { new TurnOptions { Listen = [] }, "Turn:Listen, Turn:TlsListen and Turn:DtlsListen are all empty. Give at least one address, e.g. 10.0.0.1:3478." },
        { new TurnOptions { Listen = ["relay"] }, "Turn:Listen has 'relay', which is no address with a port. Write 10.0.0.1:3478, [2001:db8::1]:3478 or :3478." },
        { new TurnOptions { TlsListen = [":5349"] }, "Turn:TlsListen or Turn:DtlsListen is set without Turn:Certificate and Turn:CertificateKey. Name two PEM files." },
        { new TurnOptions { Ports = "60000-50000" }, "Turn:Ports is '60000-50000'. Write first-last with at least 2 ports above 1023, e.g. 49152-65535." },
        { new TurnOptions { Ports = "50000-50003", Workers = 4 }, "Turn:Ports holds 4 ports for 4 workers. Give each worker at least 2, e.g. 49152-65535." },
        { new TurnOptions { AuthSecrets = ["short"] }, "Turn:AuthSecrets has a secret of 5 bytes. At least 16 are needed, e.g. the output of: openssl rand -hex 32" },
        { new TurnOptions { Users = ["alice"] }, "Turn:Users has an entry without password ('alice'). Write name:password." },
        { new TurnOptions { Users = ["alice:a", "bob:b", "alice:c"] }, "Turn:Users has alice more than once. Keep one password." },
        { new TurnOptions { TokenKeysFile = "keys" }, "Turn:ServerName '' is empty or together with Turn:Realm 'mediarelay' too long for the answer to a stranger. Both may have 28 bytes, each rounded up to 4." },
        { new TurnOptions { TokenKeysFile = "keys", Realm = "a-realm-of-24-characters", ServerName = "relay" }, "Turn:ServerName 'relay' is empty or together with Turn:Realm 'a-realm-of-24-characters' too long for the answer to a stranger. Both may have 28 bytes, each rounded up to 4." },
        { new TurnOptions { AllowedPeers = ["10.0.0.0/33"] }, "Turn:AllowedPeers has '10.0.0.0/33', which is no network. Write 10.20.0.0/16 or 2001:db8:1::/48." },
        { new TurnOptions { AllowedPeers = ["10.0.0.0/8", "127.0.0.0/24"] }, "Turn:AllowedPeers contains 127.0.0.0/24, which lies in 127.0.0.0/8 and can never be opened. Remove the entry." },
        { new TurnOptions { Nat64Prefixes = ["64:ff9b::/95"] }, "Turn:Nat64Prefixes has '64:ff9b::/95', which is no NAT64 prefix. Write an IPv6 network of 32, 40, 48, 56, 64 or 96 bits, e.g. 64:ff9b::/96." },
        { new TurnOptions { RequireSha256 = true, OfferSha256 = false }, "Turn:RequireSha256 is on and Turn:OfferSha256 is off, so nobody could log in. Switch OfferSha256 on." },
        { new TurnOptions { Rfc5780Addresses = ["192.0.2.1:3478"] }, "Turn:Rfc5780Addresses has 1 entries. Two are needed: primary and alternate, with different addresses and ports." },
        { new TurnOptions { Redirect = RedirectMode.Always }, "Turn:Redirect is Always without Turn:AlternateServers, so no client could be served. Name at least one sibling." },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_contradiction_is_one_sentence_with_the_way_out(TurnOptions options, string sentence) =>
        Assert.Equal([sentence], options.Validate(new ValidationContext(options)).Select(result => result.ErrorMessage));

    /// <summary>An address translator of the operator's own network leads to IPv4 addresses that nobody may reach.</summary>
    [Fact]
    public void A_peer_inside_a_NAT64_prefix_is_judged_by_its_IPv4_address()
    {
        var without = new PeerFilter(TurnPlan.Read(new TurnOptions { Listen = ["127.0.0.1:0"] }).PeersFor([]));
        var with = new PeerFilter(TurnPlan.Read(new TurnOptions { Listen = ["127.0.0.1:0"], Nat64Prefixes = ["2a00:64::/96"] }).PeersFor([]));
        Assert.True(without.IsAllowed(TransportAddress.Parse("[2a00:64::a00:1]:1")));
        Assert.False(with.IsAllowed(TransportAddress.Parse("[2a00:64::a00:1]:1")));
        Assert.True(with.IsAllowed(TransportAddress.Parse("[2a00:64::808:808]:1")));
    }

    /// <summary>Whole numbers of the command line that would be others after a cast.</summary>
    [Theory]
    [InlineData("--workers", "4294967297", "--workers needs 0 to 64.")]
    [InlineData("--total-quota", "4294967297", "--total-quota needs 1 to 1000000.")]
    [InlineData("--user-quota", "4294967297", "--user-quota needs 0 to 1000000.")]
    [InlineData("--user-quota", "-1", "--user-quota needs 0 to 1000000.")]
    public void A_number_beyond_its_range_is_a_sentence(string flag, string value, string sentence)
    {
        Assert.Contains(sentence, MediaRelay.Server.Commands.Root.Create().Parse(["turn", flag, value]).Errors.Select(error => error.Message));
        Assert.Empty(MediaRelay.Server.Commands.Root.Create().Parse(["turn", flag, "7"]).Errors);
        Assert.Empty(MediaRelay.Server.Commands.Root.Create().Parse(["turn"]).Errors);
    }

    [Fact]
    public void Defaults_have_no_fault() => Assert.Empty(new TurnOptions().Validate(new ValidationContext(new object())));

    [Theory]
    [InlineData(new[] { "203.0.113.5" }, "203.0.113.5", "10.0.0.2")]
    [InlineData(new[] { "203.0.113.6/10.0.0.2", "203.0.113.5/10.0.0.1" }, "203.0.113.5", "203.0.113.6")]
    [InlineData(new[] { "203.0.113.5", "203.0.113.6" }, "203.0.113.5", "203.0.113.6")]
    public void External_addresses_go_to_local_ones_in_order_or_as_pairs(string[] external, string first, string second)
    {
        var plan = TurnPlan.Read(new TurnOptions { Listen = ["127.0.0.1:0"], RelayAddresses = ["10.0.0.1", "10.0.0.2"], ExternalAddresses = external });
        Assert.Equal([first, second], plan.RelayAddresses.Select(address => address.Advertised.AddressText()));
        Assert.Equal(["10.0.0.1", "10.0.0.2"], plan.RelayAddresses.Select(address => address.Bind.AddressText()));
    }

    [Theory]
    [InlineData("UsersFile")]
    [InlineData("AuthSecretFile")]
    [InlineData("TokenKeysFile")]
    public void A_file_that_is_not_there_is_one_sentence(string key)
    {
        var options = new TurnOptions { Listen = ["127.0.0.1:0"], ServerName = "relay" };
        typeof(TurnOptions).GetProperty(key)!.SetValue(options, "/no/such/file");
        var fault = Assert.Throws<FormatException>(() => TurnPlan.Read(options).ReadCredentials());
        Assert.Equal($"Turn:{key} /no/such/file cannot be read: Could not find a part of the path '/no/such/file'.", fault.Message);
    }

    [Fact]
    public void A_user_in_option_and_file_is_told()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "bob:b\nalice:other\n");
        var fault = Assert.Throws<FormatException>(() => TurnPlan.Read(new TurnOptions { Listen = ["127.0.0.1:0"], Users = ["alice:a"], UsersFile = file }).ReadCredentials());
        File.Delete(file);
        Assert.Equal("Turn:Users and Turn:UsersFile have alice more than once. Keep one password.", fault.Message);
    }

    [Fact]
    public void Relay_buffers_hold_250_ms_of_the_configured_bit_rate_in_kernel_accounting()
    {
        var plan = TurnPlan.Read(new TurnOptions { Listen = ["127.0.0.1:0"], MaxBitRate = 50_000_000 });
        Assert.True(plan.RelayBuffer >= 50_000_000 / 8 / 4 * 2);
    }

    [Fact]
    public void A_refusal_names_who_where_and_why()
    {
        var lines = new List<string>();
        var events = new TurnEvents([new RelayListener(TransportAddress.Parse("192.0.2.1:3478"), ClientTransport.Udp)], TimeProvider.System, new ListLogger(lines));
        var from = new FiveTuple(TransportAddress.Parse("198.51.100.7:4711"), 0);
        for (var i = 0; i < 30; i++)
            events.Refused(from, new RelayOutcome(StunMethod.Allocate, StunErrorCode.AllocationQuotaReached, RefusalReason.UserQuota, 4), "1735:gw-17\n"u8);
        Assert.Equal("Allocate refused for user 1735:gw-17\\u000a from 198.51.100.7:4711/Udp with 486: quota of 4 allocations reached (Turn:UserQuota).", lines[0]);
        events.Refused(from, new RelayOutcome(StunMethod.Allocate, StunErrorCode.None, RefusalReason.TooManyFailures, 200), "eve"u8);
        Assert.Equal("Allocate refused for user eve from 198.51.100.7:4711/Udp with silence: too many failed attempts, answers are withheld.", lines[^1]);
        events.Refused(from, new RelayOutcome(StunMethod.ChannelBind, StunErrorCode.Forbidden, RefusalReason.PeerPolicy, 0) { Peer = TransportAddress.Parse("10.0.0.1:22") }, "eve"u8);
        Assert.Equal("ChannelBind refused for user eve from 198.51.100.7:4711/Udp with 403: the peer 10.0.0.1:22 is refused by policy (Turn:AllowedPeers, Turn:DeniedPeers).", lines[^1]);
        Assert.InRange(lines.Count, 12, 23);
        Assert.Equal(30, events.Refusals.Single(refusal => refusal.Reason == RefusalReason.UserQuota).Count);
        Assert.All(Enum.GetValues<RefusalReason>().Where(reason => !Unseen.Contains(reason)), reason => Assert.Contains(' ', TurnEvents.Explain(new RelayOutcome(StunMethod.Allocate, StunErrorCode.BadRequest, reason, 3))));
    }

    /// <summary>Reasons that are never told: they are no refusals of a client that can be named, or counted elsewhere.</summary>
    private static readonly RefusalReason[] Unseen =
    [
        RefusalReason.None, RefusalReason.NotARequest, RefusalReason.Malformed, RefusalReason.UnknownMethod, RefusalReason.RateLimit, RefusalReason.NoCredentials, RefusalReason.StaleNonce, RefusalReason.Redirected,
    ];

    private sealed class ListLogger(List<string> lines) : Microsoft.Extensions.Logging.ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));
    }
}
