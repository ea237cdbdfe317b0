using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Portal;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>Players on pages of other origins, and offers that no gateway ever sees.</summary>
public sealed class WhepOriginTests(PortalNode node) : IClassFixture<PortalNode>
{
    private const string Camera = "/whep/h1/cam-1";
    private const string Offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
        + "a=fingerprint:sha-256 0B:30:55:7A:9F:C4:E9:0E:33:58:7D:A2:C7:EC:11:36:5B:80:A5:CA:EF:14:39:5E:83:A8:CD:F2:17:3C:61:86\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n";

    [Theory]
    [InlineData(Camera, "POST", "authorization,content-type")]
    [InlineData(Camera + "/s1", "PATCH", "authorization,content-type,if-match")]
    [InlineData(Camera + "/s1", "DELETE", "authorization")]
    [InlineData("/whep/ice-servers", "GET", "authorization")]
    public async Task A_named_origin_may_ask_before_it_logs_in(string path, string method, string headers)
    {
        HttpResponseMessage answer = await PreflightAsync(path, PortalNode.FriendlyOrigin, method, headers);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(PortalNode.FriendlyOrigin, Header(answer, "Access-Control-Allow-Origin"));
        Assert.Contains(method, Header(answer, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        foreach (string header in headers.Split(','))
            Assert.Contains(header, Header(answer, "Access-Control-Allow-Headers"), StringComparison.OrdinalIgnoreCase);
        // Cookies never ride along: only a bearer token opens anything to a foreign page.
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData("https://elsewhere.example", Camera)]
    [InlineData("https://player.example.org.elsewhere.example", Camera)]
    [InlineData("http://player.example.org", Camera)]
    [InlineData("null", Camera)]
    [InlineData(PortalNode.FriendlyOrigin, "/api/me")]
    [InlineData(PortalNode.FriendlyOrigin, "/api/homes/h1")]
    public async Task Other_origins_and_everything_but_looking_in_stay_closed(string origin, string path)
    {
        HttpResponseMessage answer = await PreflightAsync(path, origin, "POST", "authorization");
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"), $"{answer}");
    }

    [Fact]
    public async Task A_foreign_player_reads_the_headers_it_needs_also_of_a_refusal()
    {
        using HttpClient player = await PlayerAsync();
        HttpResponseMessage answer = await SendAsync(player, Offer + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\na=recvonly\r\n");
        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, await answer.Content.ReadAsStringAsync());
        Assert.Equal(PortalNode.FriendlyOrigin, Header(answer, "Access-Control-Allow-Origin"));
        foreach (string exposed in (string[])["Location", "Link", "ETag"])
            Assert.Contains(exposed, Header(answer, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_page_cannot_use_the_person_s_own_cookie()
    {
        using HttpClient browser = await node.BrowserAsync("ann");
        browser.DefaultRequestHeaders.Add("Origin", PortalNode.FriendlyOrigin);
        HttpResponseMessage answer = await SendAsync(browser, Offer);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("urn:mediarelay:problem:forged-request", (await PortalNode.JsonOf(answer)).GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("", 422, "offer-unsuitable")]
    [InlineData("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=sctp-port:5000\r\n", 422, "offer-unsuitable")]
    [InlineData("m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\na=sendonly\r\n", 422, "offer-unsuitable")]
    [InlineData("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n", 422, "offer-unsuitable")]
    [InlineData("large", 413, "offer-too-large")]
    public async Task An_offer_that_takes_nothing_or_is_too_large_is_refused_at_once(string media, int status, string problem)
    {
        using HttpClient player = await PlayerAsync();
        HttpResponseMessage answer = await SendAsync(player, media == "large" ? Offer + string.Concat(Enumerable.Repeat("a=x-note:more\r\n", 5000)) : Offer + media);
        Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        var document = await PortalNode.JsonOf(answer);
        Assert.Equal("urn:mediarelay:problem:" + problem, document.GetProperty("type").GetString());
        Assert.Equal("offer", document.GetProperty("step").GetString());
    }

    [Theory]
    [InlineData("*")]
    [InlineData("https://player.example.org/")]
    [InlineData("player.example.org")]
    [InlineData("https://*.example.org")]
    public void What_is_no_exact_origin_is_refused_with_a_sentence(string origin)
    {
        var options = new SignalingOptions { WhepOrigins = [PortalNode.FriendlyOrigin, origin] };
        ValidationResult fault = Assert.Single(options.Validate(new ValidationContext(options)));
        Assert.StartsWith($"WhepOrigins has '{origin}', which is no origin", fault.ErrorMessage, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> PreflightAsync(string path, string origin, string method, string headers)
    {
        using HttpClient stranger = await node.BrowserAsync(null);
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", method);
        request.Headers.Add("Access-Control-Request-Headers", headers);
        return await stranger.SendAsync(request);
    }

    private async Task<HttpClient> PlayerAsync()
    {
        var (token, _) = node.Get<PortalSessions>().Start(node.Get<PortalUsers>().Find("ann")!, isToken: true);
        HttpClient player = await node.BrowserAsync(null);
        player.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        player.DefaultRequestHeaders.Add("Origin", PortalNode.FriendlyOrigin);
        return player;
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string offer) =>
        client.PostAsync(Camera, new StringContent(offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp")));

    private static string Header(HttpResponseMessage answer, string name) => string.Join(", ", answer.Headers.GetValues(name));
}
