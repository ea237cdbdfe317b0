using System.Net.Security;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>Event streams and held requests end when they are displaced, and when their gateway has no right to them any more.</summary>
public sealed class StreamTests : IAsyncLifetime, IDisposable
{
    private const string Base = "/sma/1/gw/" + GatewayId;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private ServerRig _rig = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _rig = await ServerRig.StartAsync();
#pragma warning disable CA5359, CA2000 // The server is our own; its certificate is checked by the other tests. The client owns the handler.
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
#pragma warning restore CA5359, CA2000
        handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(_rig.CertificateOf(GatewayId), null, offline: true);
        _client = new HttpClient(handler) { BaseAddress = _rig.Address };
    }

    public async Task DisposeAsync()
    {
        Dispose();
        await _rig.DisposeAsync();
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Of_three_streams_the_oldest_ends_and_the_other_two_stay_quiet()
    {
        using StreamReader first = await OpenAsync(), second = await OpenAsync();
        await UntilAsync(() => _rig.Links.HeldRequests == 2, "two streams wait");
        using StreamReader third = await OpenAsync();

        await first.ReadToEndAsync().WaitAsync(s_patience);

        Assert.Equal(2, _rig.Links.HeldRequests);
        await _rig.Links.SendAsync(GatewayId, Instruction());
        // Either may have it; the other stays as it is.
        Assert.Equal("id: 1", await await Task.WhenAny(FirstDataAsync(second), FirstDataAsync(third)));
    }

    [Fact]
    public async Task A_stream_ends_when_its_gateway_is_switched_off()
    {
        using StreamReader stream = await OpenAsync();
        await UntilAsync(() => _rig.Links.HeldRequests == 1, "the stream waits");
        await _rig.Storage.Gateways.ChangeAsync(GatewayId, record => record with { IsEnabled = false });
        await _rig.Links.SendAsync(GatewayId, Instruction());
        Assert.DoesNotContain("id: 1", await stream.ReadToEndAsync().WaitAsync(s_patience), StringComparison.Ordinal);
        Assert.Equal(1, _rig.Links.Waiting(GatewayId).Count);
    }

    [Fact]
    public async Task A_stream_ends_when_its_certificate_is_revoked()
    {
        using StreamReader stream = await OpenAsync();
        await UntilAsync(() => _rig.Links.HeldRequests == 1, "the stream waits");
        _rig.Authority.Revoke(_rig.CertificateOf(GatewayId).SerialNumber, DateTimeOffset.UtcNow);
        await _rig.Links.SendAsync(GatewayId, Instruction());
        Assert.DoesNotContain("id: 1", await stream.ReadToEndAsync().WaitAsync(s_patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_held_request_gives_nothing_to_a_gateway_that_was_switched_off_meanwhile()
    {
        using SmaHttpLink link = _rig.Link();
        Task<SmaAnswer> held = link.SendAsync("GET", Base + "/instructions?after=0&wait=20", default, null, TimeSpan.FromSeconds(30), CancellationToken.None);
        await UntilAsync(() => _rig.Links.HeldRequests == 1, "the GET is held");
        await _rig.Storage.Gateways.ChangeAsync(GatewayId, record => record with { IsEnabled = false });
        await _rig.Links.SendAsync(GatewayId, Instruction());
        Assert.Equal(403, (await held.WaitAsync(s_patience)).Status);
        await _rig.Storage.Gateways.ChangeAsync(GatewayId, record => record with { IsEnabled = true });
        SmaAnswer again = await link.SendAsync("GET", Base + "/instructions?after=0&wait=5", default, null, TimeSpan.FromSeconds(30), CancellationToken.None);
        Assert.Equal(200, again.Status);
    }

    [Fact]
    public async Task A_certificate_revoked_after_the_connection_was_made_is_refused_on_it()
    {
        using HttpResponseMessage before = await _client.GetAsync(new Uri(Base + "/config", UriKind.Relative));
        Assert.Equal(404, (int)before.StatusCode);
        _rig.Authority.Revoke(_rig.CertificateOf(GatewayId).SerialNumber, DateTimeOffset.UtcNow);
        using HttpResponseMessage after = await _client.GetAsync(new Uri(Base + "/config", UriKind.Relative));
        Assert.Equal(403, (int)after.StatusCode);
        Assert.True(after.Headers.ConnectionClose);
        Assert.Contains("code=\"revoked\"", await after.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<StreamReader> OpenAsync() => new(await _client.GetStreamAsync(Base + "/instructions/stream?after=0").WaitAsync(s_patience));

    private static async Task<string> FirstDataAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync().WaitAsync(s_patience) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                return line;
        }

        return "the end";
    }

    private static Instruction Instruction() => new()
    {
        Id = Guid.NewGuid().ToString("N"), Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddMinutes(1), Kind = "home.query",
        Body = new Signaling.Contract.HomeQuery("all", null, null, []),
    };
}
