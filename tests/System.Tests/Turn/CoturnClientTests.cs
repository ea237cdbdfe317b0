using System.Globalization;
using System.Text.RegularExpressions;

namespace MediaRelay.System.Tests.Turn;

/// <summary>Debian's coturn clients against our relay, from behind a masquerading router.</summary>
public sealed partial class CoturnClientTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private const int Messages = 20;

    /// <summary>The client waits up to 6 s before it sends, and 10 s for what is missing; a run that loses something must live to tell it.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    [Theory]
    [InlineData("UDP, Send", "-s -e 11.10.0.9 11.10.0.1")]
    [InlineData("TCP, Send", "-t -s -e 11.10.0.9 11.10.0.1")]
    [InlineData("TLS, Send", "-t -S -s -e 11.10.0.9 11.10.0.1")]
    [InlineData("DTLS, Send", "-S -s -e 11.10.0.9 11.10.0.1")]
    [InlineData("UDP over IPv6, IPv6 peer", "-x -s -e 2a0d:1::9 2a0d:1::1")]
    [InlineData("UDP over IPv4, IPv6 peer", "-x -s -e 2a0d:1::9 11.10.0.1")]
    [InlineData("TCP over IPv6, IPv6 peer", "-t -x -s -e 2a0d:1::9 2a0d:1::1")]
    [InlineData("two clients through both their relay ports", "-y -s 11.10.0.1")]
    [InlineData("DONT-FRAGMENT", "-g -s -e 11.10.0.9 11.10.0.1")]
    [InlineData("TCP allocation (RFC 6062), active", "-T 11.10.0.1")]
    public void Uclient_gets_every_message_back(string what, string arguments)
    {
        AssertWhole(what, Exchange(what, arguments, Messages), Messages);
    }

    /// <summary>
    /// What waits while the relay stands still goes out together afterwards. This client takes one SSL_read for one message, so over
    /// TLS it sees all of them only when each is a record of its own.
    /// </summary>
    [Theory]
    [InlineData("TLS", "-t -S -s -e 11.10.0.9 11.10.0.1")]
    [InlineData("DTLS", "-S -s -e 11.10.0.9 11.10.0.1")]
    public async Task Nothing_is_lost_when_messages_pile_up(string what, string arguments)
    {
        using var over = new CancellationTokenSource();
        var pauses = Task.Run(() =>
        {
            while (!over.Token.WaitHandle.WaitOne(150))
            {
                relay.Process.Signal("STOP");
                _ = over.Token.WaitHandle.WaitOne(60);
                relay.Process.Signal("CONT");
            }
        });
        try
        {
            AssertWhole(what, Exchange(what, arguments, messages: 150), 150);
        }
        finally
        {
            await over.CancelAsync();
            await pauses;
        }
    }

    /// <summary>This client draws several channel numbers from 0x4000 to 0x7FFF; RFC 8656 ends the range at 0x4FFF, so most draws are refused, as they must be.</summary>
    [Fact]
    public void Uclient_binds_channels_in_the_range_of_RFC_8656_and_is_refused_outside()
    {
        var refused = 0;
        var whole = Rounds("-c -e 11.10.0.9 11.10.0.1", Messages, rounds: 50, parallel: 8, output => refused += output.Contains("channel bind: error 400", StringComparison.Ordinal) ? 1 : 0);
        AssertWhole("channels", whole, Messages);
        Assert.True(refused > 0);
    }

    /// <summary>A relay that takes the old range serves whatever number these clients draw, so channels are seen over every transport.</summary>
    [Fact]
    public void Uclient_gets_every_message_back_over_channels_of_each_transport()
    {
        using var old = NamespaceProcess.StartRelay(relay.Network.Relay,
            "--listen", $"{HomeNetwork.SecondAddress}:3478", "--tls-listen", $"{HomeNetwork.SecondAddress}:5349", "--dtls-listen", $"{HomeNetwork.SecondAddress}:5349",
            "--cert", relay.CertificateFile, "--key", relay.KeyFile, "--realm", "relay.test", "--user", $"{RelayFixture.User}:{RelayFixture.Password}",
            "--user-quota", "0", "--max-bps", "0", "--workers", "2", "--old-channel-numbers");
        (string What, string Arguments)[] runs = [("UDP", ""), ("TCP", "-t"), ("TLS", "-t -S"), ("DTLS", "-S")];
        var totals = AtOnce(runs.Length, i => Exchange(runs[i].What, $"{runs[i].Arguments} -e 11.10.0.9 {HomeNetwork.SecondAddress}", Messages));
        for (var i = 0; i < runs.Length; i++)
            AssertWhole(runs[i].What, totals[i], Messages);
    }

    [Fact]
    public void Natdiscovery_sees_the_router_as_endpoint_independent_in_mapping()
    {
        var (_, output) = HomeNetwork.Run(relay.Network.Client, Limit, $"turnutils_natdiscovery -m -p 3480 {HomeNetwork.RelayAddress}");
        Assert.Contains("NAT with Endpoint Independent Mapping", output, StringComparison.Ordinal);
        Assert.Contains("UDP reflexive addr: 11.10.0.5:", output, StringComparison.Ordinal);
        Assert.Contains($"Other addr: : {HomeNetwork.SecondAddress}:3481", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Natdiscovery_sees_the_router_as_port_dependent_in_filtering()
    {
        var (_, output) = HomeNetwork.Run(relay.Network.Client, Limit, $"turnutils_natdiscovery -f -p 3480 {HomeNetwork.RelayAddress}");
        Assert.Contains("NAT with Address and Port Dependent Filtering", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Natdiscovery_without_a_NAT_sees_no_filter_because_changed_addresses_answer()
    {
        var (_, output) = HomeNetwork.Run(relay.Network.Peer, Limit, $"turnutils_natdiscovery -f -p 3480 {HomeNetwork.RelayAddress}");
        Assert.Contains($"Response origin: : {HomeNetwork.SecondAddress}:3481", output, StringComparison.Ordinal);
    }

    /// <summary>
    /// What clients sent and got back that came so far as to send. Over DTLS they draw version 1.0 for every other of their three
    /// connections, which nobody should speak, and then wait for ever; so ten try at once.
    /// </summary>
    private List<(int Sent, int Received)> Exchange(string what, string arguments, int messages)
    {
        var isDtls = arguments.Contains("-S", StringComparison.Ordinal) && !arguments.Contains("-t", StringComparison.Ordinal);
        var last = "";
        var whole = Rounds(arguments, messages, rounds: 8, parallel: isDtls ? 10 : 1, output => last = output);
        Assert.True(whole.Count > 0, $"{what}: {last}");
        return whole;
    }

    private static void AssertWhole(string what, List<(int Sent, int Received)> runs, int least) => Assert.All(runs, run =>
    {
        Assert.True(run.Sent >= least, $"{what}: only {run.Sent} messages were sent.");
        Assert.True(run.Sent == run.Received, $"{what}: {run.Received} of {run.Sent} messages came back.");
    });

    /// <summary>Totals of all clients of the first round in which at least one sent: none of them may have lost anything.</summary>
    private List<(int Sent, int Received)> Rounds(string arguments, int messages, int rounds, int parallel, Action<string> seen)
    {
        for (var round = 0; round < rounds; round++)
        {
            var outputs = AtOnce(parallel, _ => HomeNetwork.Run(relay.Network.Client, Limit, Supervised(
                $"turnutils_uclient -u {RelayFixture.User} -w {RelayFixture.Password} -n {messages} -z 4 -l 170 {arguments}"), $"OPENSSL_CONF={relay.OpenSslConfiguration}").Output);
            foreach (var output in outputs)
                seen(output);
            var sent = outputs.Select(output => Totals().Matches(output)).Where(matches => matches.Any(match => match.Groups[1].Value != "0"))
                .Select(matches => (Number(matches[^1].Groups[1]), Number(matches[^1].Groups[2]))).ToList();
            if (sent.Count > 0)
                return sent;
        }

        return [];
    }

    /// <summary>Ends a client that has not connected after eight seconds, and lets all others come to their end.</summary>
    private static string Supervised(string command) =>
        $"f=$(mktemp); {command} > $f 2>&1 & u=$!; for i in $(seq 80); do kill -0 $u || break; grep -q 'Total connect time' $f && break; sleep 0.1; done; grep -q 'Total connect time' $f || kill $u; wait $u; cat $f; rm $f";

    private static List<T> AtOnce<T>(int count, Func<int, T> run)
    {
        var results = new T[count];
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() => results[i] = run(i))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return [.. results];
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)")]
    private static partial Regex Totals();
}
