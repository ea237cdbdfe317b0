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
        var (sent, received) = Exchange(what, arguments, Messages);
        Assert.True(sent >= Messages, $"{what}: only {sent} messages were sent.");
        Assert.Equal(sent, received);
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
            var (sent, received) = Exchange(what, arguments, messages: 150);
            Assert.True(sent >= 150, $"{what}: only {sent} messages were sent.");
            Assert.Equal(sent, received);
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
        var output = Uclient("-c -e 11.10.0.9 11.10.0.1", text =>
        {
            refused += text.Contains("channel bind: error 400", StringComparison.Ordinal) ? 1 : 0;
            return HasSent(text);
        }, Messages, attempts: 400, parallel: 8);
        var last = Totals().Matches(output)[^1];
        Assert.Equal(last.Groups[1].Value, last.Groups[2].Value);
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
        var counts = runs.AsParallel().WithDegreeOfParallelism(runs.Length).Select(run => (run.What, Exchange(run.What, $"{run.Arguments} -e 11.10.0.9 {HomeNetwork.SecondAddress}", Messages))).ToList();
        Assert.All(counts, count => Assert.True(count.Item2.Sent >= Messages && count.Item2.Sent == count.Item2.Received, $"{count.What}: {count.Item2.Received} of {count.Item2.Sent}"));
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

    /// <summary>Messages sent and received by the first run that comes so far as to send; that run must be whole.</summary>
    private (int Sent, int Received) Exchange(string what, string arguments, int messages)
    {
        var output = Uclient(arguments, HasSent, messages, attempts: 12);
        var counts = Totals().Matches(output);
        Assert.True(counts.Count > 0, $"{what}: {output}");
        return (int.Parse(counts[^1].Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(counts[^1].Groups[2].Value, CultureInfo.InvariantCulture));
    }

    private static bool HasSent(string output) => Totals().Matches(output).Any(match => match.Groups[1].Value != "0");

    /// <summary>Runs the client until its output is accepted: it picks TLS versions and channel numbers at random, some of which no server may accept.</summary>
    private string Uclient(string arguments, Func<string, bool> accepts, int messages, int attempts, int parallel = 1)
    {
        var output = "";
        for (var attempt = 0; attempt < attempts; attempt += parallel)
        {
            var runs = Enumerable.Range(0, parallel).AsParallel().WithDegreeOfParallelism(parallel).Select(_ => HomeNetwork.Run(
                relay.Network.Client, Limit, $"turnutils_uclient -u {RelayFixture.User} -w {RelayFixture.Password} -n {messages} -z 4 -l 170 {arguments}",
                $"OPENSSL_CONF={relay.OpenSslConfiguration}").Output).ToList();
            foreach (var run in runs)
            {
                output = run;
                if (accepts(run))
                    return run;
            }
        }

        return output;
    }

    [GeneratedRegex(@"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)")]
    private static partial Regex Totals();
}
