using System.Text.Json;
using MediaRelay.Media.IO;
using MediaRelay.System.Tests.Turn;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.Media;

/// <summary>
/// A camera behind a router reaches a browser outside by relayed candidates, over every transport to the relay, with our relay and with
/// coturn: Chromium decodes the picture.
/// </summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class RelayedMediaTests(RelayFixture relay, ITestOutputHelper output) : IClassFixture<RelayFixture>, IAsyncLifetime
{
    private MediaHost _host = null!;
    private BrowserViewer _browser = null!;

    public async Task InitializeAsync()
    {
        _host = new MediaHost(new MediaOptions { Addresses = ["192.168.77.2"], RelayAuthorityFile = relay.CertificateFile }, TimeProvider.System, NullLoggerFactory.Instance);
        await LoopbackNamespace.EnterAsync(_host, relay.Network.Client);
        _browser = await BrowserViewer.StartAsync(relay.Network.Peer);
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("turn:11.10.0.1:3478?transport=udp")]
    [InlineData("turn:11.10.0.1:3478?transport=tcp")]
    [InlineData("turns:11.10.0.1:5349?transport=tcp")]
    public Task Chromium_decodes_the_picture_through_our_relay_alone(string url) => WatchAsync(relayOnly: true, url);

    [Theory]
    [InlineData("turn:11.10.0.2:3478?transport=udp")]
    [InlineData("turn:11.10.0.2:3478?transport=tcp")]
    [InlineData("turns:11.10.0.2:5349?transport=tcp")]
    public async Task Chromium_decodes_the_picture_through_coturn_alone(string url)
    {
        using var coturn = new NamespaceProcess(relay.Network.Relay, "turnserver", "-n", "--listening-ip=11.10.0.2", "--relay-ip=11.10.0.2", "--listening-port=3478",
            "--tls-listening-port=5349", $"--cert={relay.CertificateFile}", $"--pkey={relay.KeyFile}", "--realm=relay.test", $"--user={RelayFixture.User}:{RelayFixture.Password}",
            "--lt-cred-mech", "--no-cli", "--no-rfc5780", "--log-file=stdout", $"--pidfile={relay.CertificateFile}.pid");
        Assert.True(coturn.WaitFor("SQLite DB connection success", TimeSpan.FromSeconds(10)), coturn.Output);
        await WatchAsync(relayOnly: true, url);
    }

    [Fact]
    public async Task Where_udp_is_blocked_the_picture_takes_tcp_and_then_tls()
    {
        Block("udp");
        try
        {
            await WatchAsync(relayOnly: false, "turn:11.10.0.1:3478?transport=udp", "turn:11.10.0.1:3478?transport=tcp", "turns:11.10.0.1:5349?transport=tcp");
        }
        finally
        {
            LoopbackNamespace.Run("ip", "netns", "exec", relay.Network.Router, "nft", "delete", "table", "ip", "blocked");
        }
    }

    private void Block(string protocol)
    {
        string[] inside = ["netns", "exec", relay.Network.Router, "nft"];
        LoopbackNamespace.Run("ip", [.. inside, "add table ip blocked"]);
        LoopbackNamespace.Run("ip", [.. inside, "add chain ip blocked forward { type filter hook forward priority 0 ; }"]);
        LoopbackNamespace.Run("ip", [.. inside, $"add rule ip blocked forward ip protocol {protocol} drop"]);
    }

    private async Task WatchAsync(bool relayOnly, params string[] urls)
    {
        Assert.True(_host.TryOpenSource("test:", out var source, out _));
        await using var endpoint = _host.CreateEndpoint(new MediaEndpointSettings
        {
            Source = source,
            RelayOnly = relayOnly,
            IceServers = [.. urls.Select(url => new EndpointIceServer(url, RelayFixture.User, RelayFixture.Password))],
        });
        var answer = await endpoint.CreateAnswerAsync(await _browser.Tab.EvaluateAsync<string>("offer(false)"), waitForCandidates: true);
        Assert.Contains("typ relay", answer, StringComparison.Ordinal);
        if (relayOnly)
        {
            Assert.DoesNotContain("typ host", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("192.168.77.2", answer, StringComparison.Ordinal);
        }
        await _browser.Tab.EvaluateAsync("sdp => accept(sdp)", answer);
        try
        {
            await endpoint.Connected.WaitAsync(TimeSpan.FromSeconds(15));
            await _browser.Tab.EvaluateAsync<double>("firstFrame").WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"No picture over {string.Join(", ", urls)}; endpoint {endpoint.State} {endpoint.FailureReason}; relay: {relay.Process.Output}");
        }
        var picture = await _browser.Tab.EvaluateAsync<JsonElement>("look()");
        Assert.Equal(640, picture.GetProperty("width").GetInt32());
        Assert.True(picture.GetProperty("spread").GetDouble() > 20);
        var report = await endpoint.GetStatisticsAsync();
        var transport = report.Single(r => r.Type == "transport");
        var pair = report.Single(r => r.Id == (string)transport.Values["selectedCandidatePairId"]);
        var local = report.Single(r => r.Id == (string)pair.Values["localCandidateId"]);
        Assert.Equal("relay", local.Values["candidateType"]);
        var steps = await endpoint.GetTimelineAsync();
        output.WriteLine($"{string.Join(", ", urls)}: {string.Join(", ", steps.OrderBy(s => s.Value).Select(s => $"{s.Key} {s.Value:0} ms"))}; round trip {(pair.Values.TryGetValue("currentRoundTripTime", out var trip) ? trip : "?")} s");
        await _browser.Tab.EvaluateAsync("close()");
    }
}
