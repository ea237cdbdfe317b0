using System.Security.Cryptography;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Access;
using MediaRelay.Tests.Support;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>Digest authentication as a busy gateway uses it.</summary>
public sealed class DigestOverHttpTests : IAsyncLifetime
{
    private const string Target = "/sma/1/gw/" + GatewayId + "/config";

    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);
    private ServerRig _rig = null!;

    public async Task InitializeAsync() => _rig = await ServerRig.StartAsync(time: _time);

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task Many_requests_of_one_gateway_at_once_are_all_let_in()
    {
        using SmaHttpLink link = _rig.Link(digest: true);
        SmaAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => link.SendAsync("GET", Target, default, null, TimeSpan.FromSeconds(20), CancellationToken.None)));
        Assert.All(answers, answer => Assert.Equal(404, answer.Status));
    }

    [Fact]
    public async Task Past_half_of_a_nonce_s_life_the_next_one_comes_with_the_answer_and_is_good()
    {
        using HttpClient client = Client();
        using HttpResponseMessage challenge = await client.GetAsync(new Uri(Target, UriKind.Relative));
        var digest = new DigestClient(GatewayId, Password, RandomNumberGenerator.Create());
        Assert.True(digest.HandleChallenge(challenge.Headers.WwwAuthenticate.Select(one => one.ToString())));
        Assert.DoesNotContain("nextnonce", await InfoAsync(client, digest), StringComparison.Ordinal);
        _time.Advance((_rig.Options.DigestNonceLife / 2) + TimeSpan.FromSeconds(1));
        string info = await InfoAsync(client, digest);
        Assert.Contains("nextnonce=\"", info, StringComparison.Ordinal);
        digest.HandleInfo(info);
        // The first nonce is over by now, the next one is not.
        _time.Advance((_rig.Options.DigestNonceLife / 2) + TimeSpan.FromSeconds(1));
        Assert.Contains("rspauth=\"", await InfoAsync(client, digest), StringComparison.Ordinal);
    }

    private static async Task<string> InfoAsync(HttpClient client, DigestClient digest)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Target);
        request.Headers.TryAddWithoutValidation("Authorization", digest.Authorize("GET", Target));
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(404, (int)response.StatusCode);
        return string.Join(' ', response.Headers.GetValues("Authentication-Info"));
    }

    private HttpClient Client()
    {
#pragma warning disable CA5359, CA2000 // The server is our own; its certificate is checked by the other tests. The client owns the handler.
        return new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { BaseAddress = _rig.Address };
#pragma warning restore CA5359, CA2000
    }
}
