using System.Diagnostics;
using System.Text.Json;
using MediaRelay.Media.IO;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>The viewer interface as a foreign player uses it: requests made by curl against a live demo, answers as RFC 9725 and the WHEP draft have them.</summary>
public sealed class WhepTests(DemoOnLoopback demo) : IClassFixture<DemoOnLoopback>
{
    private const string Fragment = "a=ice-ufrag:{0}\r\na=ice-pwd:{0}{0}{0}{0}{0}{0}\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 2113937151 127.0.0.1 40000 typ host\r\n";

    private string Url => $"{demo.Demo.Portal}whep/home-1/cam-front";

    [Theory]
    [InlineData("nobody", "application/sdp", "*/*", "v=0", 401, "unauthorized", null)]
    [InlineData("HomeOwner", "text/plain", "*/*", "v=0", 415, "offer-invalid", "offer")]
    [InlineData("HomeOwner", "application/sdp-other", "*/*", "v=0", 415, "offer-invalid", "offer")]
    [InlineData("HomeOwner", "application/sdp", "text/html", "v=0", 406, "offer-invalid", "offer")]
    [InlineData("HomeOwner", "application/sdp", "*/*", "no description", 400, "offer-invalid", "offer")]
    [InlineData("HomeOwner", "application/sdp", "*/*", "VP8", 422, "offer-unsuitable", "offer")]
    [InlineData("HomeOwner", "application/sdp", "*/*", "large", 413, "offer-too-large", "offer")]
    [InlineData("CentralStationOperator", "application/sdp", "*/*", "offer", 403, "access-refused", "access")]
    [InlineData("MsoOperator", "application/sdp", "*/*", "offer", 403, "access-refused", "access")]
    public async Task A_refused_offer_names_the_step_in_a_problem_document(string role, string type, string accept, string body, int status, string problem, string? step)
    {
        Answer answer = await CurlAsync(role, Url, "POST", await BodyAsync(body), $"Content-Type: {type}", $"Accept: {accept}");
        Assert.Equal((status, "application/problem+json"), (answer.Status, answer.Header("Content-Type")));
        JsonElement document = JsonSerializer.Deserialize<JsonElement>(answer.Body);
        Assert.Equal("urn:mediarelay:problem:" + problem, document.GetProperty("type").GetString());
        Assert.Equal(step, document.TryGetProperty("step", out JsonElement s) ? s.GetString() : null);
        Assert.EndsWith(".", document.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_names_types_and_servers_and_opens_nothing_to_foreign_pages()
    {
        Answer options = await CurlAsync("HomeOwner", Url, "OPTIONS", null, "Origin: https://elsewhere.example");
        Assert.Equal((200, "application/sdp"), (options.Status, options.Header("Accept-Post")));
        Assert.Contains("rel=\"ice-server\"", options.Header("Link"), StringComparison.Ordinal);
        Answer preflight = await CurlAsync("nobody", Url, "OPTIONS", null, "Origin: https://elsewhere.example", "Access-Control-Request-Method: POST");
        Assert.Equal(401, preflight.Status);
        Assert.DoesNotContain("Access-Control", options.Head + preflight.Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("ice-server", preflight.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_is_trickled_to_restarted_and_deleted()
    {
        Answer made = await CurlAsync("HomeOwner", Url, "POST", await OfferAsync(), "Content-Type: application/sdp");
        Assert.Equal((201, "application/sdp"), (made.Status, made.Header("Content-Type")));
        Assert.StartsWith("v=0", made.Body, StringComparison.Ordinal);
        string location = new Uri(demo.Demo.Portal, made.Header("Location")).ToString(), tag = made.Header("ETag"), session = location.Split('/')[^1];
        Assert.Contains($":{session}", made.Header("Link").Replace('~', ':'), StringComparison.Ordinal);
        string trickle = Text("abcd"), again = Text("efgh");
        const string type = "Content-Type: application/trickle-ice-sdpfrag";

        Assert.Equal(428, (await CurlAsync("HomeOwner", location, "PATCH", trickle, type)).Status);
        Assert.Equal(415, (await CurlAsync("HomeOwner", location, "PATCH", trickle, "Content-Type: application/sdp", $"If-Match: {tag}")).Status);
        Assert.Equal(412, (await CurlAsync("HomeOwner", location, "PATCH", trickle, type, "If-Match: \"other\"")).Status);
        Assert.Equal(400, (await CurlAsync("HomeOwner", location, "PATCH", "rubbish", type, $"If-Match: {tag}")).Status);
        Answer large = await CurlAsync("HomeOwner", location, "PATCH", trickle + new string('x', 65_536), type, $"If-Match: {tag}");
        Assert.Equal((413, "application/problem+json"), (large.Status, large.Header("Content-Type")));
        Assert.Contains("urn:mediarelay:problem:fragment-too-large", large.Body, StringComparison.Ordinal);
        Assert.Equal(404, (await CurlAsync("MsoOperator", location, "PATCH", trickle, type, $"If-Match: {tag}")).Status);
        Answer added = await CurlAsync("HomeOwner", location, "PATCH", trickle, type, $"If-Match: {tag}");
        Assert.Equal((204, "", ""), (added.Status, added.Header("ETag"), added.Body));

        Answer restarted = await CurlAsync("HomeOwner", location, "PATCH", again, type, "If-Match: *");
        Assert.Equal((200, "application/trickle-ice-sdpfrag"), (restarted.Status, restarted.Header("Content-Type")));
        Assert.Contains("a=ice-pwd:", restarted.Body, StringComparison.Ordinal);
        Assert.NotEqual(tag, restarted.Header("ETag"));
        Assert.Equal(412, (await CurlAsync("HomeOwner", location, "PATCH", again, type, $"If-Match: {tag}")).Status);
        Assert.Equal(204, (await CurlAsync("HomeOwner", location, "PATCH", again, type, $"If-Match: {restarted.Header("ETag")}")).Status);

        Assert.Equal(200, (await CurlAsync("HomeOwner", location, "DELETE", null)).Status);
        Assert.Equal(404, (await CurlAsync("HomeOwner", location, "DELETE", null)).Status);
    }

    [Fact]
    public async Task The_steps_of_a_look_in_are_histograms_and_its_story_can_be_read()
    {
        await using var host = new MediaHost(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] }, TimeProvider.System, NullLoggerFactory.Instance);
        using HttpClient ann = demo.Demo.Client("HomeOwner"), plain = new();
        string session;
        await using (var viewer = new WhepViewer(host, ann))
        {
            Assert.True(await viewer.StartAsync("cam-hall", CancellationToken.None));
            session = viewer.Location!.Split('/')[^1];
            await viewer.ConnectedAsync(TimeSpan.FromSeconds(20));
            string address = demo.Metrics.Authority;
            await DemoInNamespace.UntilAsync(async () => (await StoryAsync(address, session)).Contains("The gate is committed.", StringComparison.Ordinal), TimeSpan.FromSeconds(15), "the grant in the story");
            string story = await StoryAsync(address, session);

            // The same name in the relay's table: the viewer's allocations and the home's.
            Assert.True(story.Split('\n').Count(l => l.StartsWith("  relays", StringComparison.Ordinal)) >= 2, story);
            await viewer.HangUpAsync();
            await DemoInNamespace.UntilAsync(async () => (await StoryAsync(address, session)).Contains("The viewer hung up.", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "the end in the story");
            story = await StoryAsync(address, session);
            Assert.All((string[])["offered", "answered", "connected", "gathered", "secured", "Released", "to 127.0.0.1:"], word => Assert.Contains(word, story, StringComparison.Ordinal));
        }

        string metrics = await plain.GetStringAsync(demo.Metrics);
        Assert.Contains("signaling_session_step_seconds_bucket{step=\"answered\"", metrics, StringComparison.Ordinal);
        Assert.Contains("signaling_session_gateway_step_seconds_count{step=\"secured\"}", metrics, StringComparison.Ordinal);
        Assert.Contains(session, await RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), "session", "list", "--metrics", demo.Metrics.Authority], null), StringComparison.Ordinal);
    }

    private static string Text(string credential) => Fragment.Replace("{0}", credential, StringComparison.Ordinal);

    private static Task<string> StoryAsync(string address, string session) =>
        RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), "session", "show", session, "--metrics", address], null);

    /// <summary>An offer of this product, one that takes no picture but VP8 and no sound that anybody sends, one that is too long, or the words themselves.</summary>
    private static async Task<string> BodyAsync(string body) => body switch
    {
        "offer" => await OfferAsync(),
        "VP8" => (await OfferAsync()).Replace("H264", "VP8", StringComparison.Ordinal).Replace("PCMU", "G728", StringComparison.Ordinal).Replace("PCMA", "G729", StringComparison.Ordinal).Replace("opus/48000/2", "L16/44100/2", StringComparison.Ordinal),
        "large" => await OfferAsync() + string.Concat(Enumerable.Repeat("a=x-note:more\r\n", 5000)),
        _ => body,
    };

    private static async Task<string> OfferAsync()
    {
        await using var host = new MediaHost(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] }, TimeProvider.System, NullLoggerFactory.Instance);
        await using MediaEndpoint endpoint = host.CreateEndpoint(new MediaEndpointSettings { Publish = true });
        return await endpoint.CreateOfferAsync(waitForCandidates: true);
    }

    private async Task<Answer> CurlAsync(string role, string url, string method, string? body, params string[] headers)
    {
        List<string> arguments = ["-sSk", "--http1.1", "-i", "--max-time", "20", "-X", method, url];
        foreach (string header in role == "nobody" ? headers : [.. headers, $"Authorization: Bearer {demo.Demo.TokenOf(role)}"])
            arguments.AddRange(["-H", header]);
        if (body is not null)
            arguments.AddRange(["--data-binary", "@-"]);
        string text = await RunAsync("curl", arguments, body);
        string[] parts = text.Split("\r\n\r\n", 2);
        return new Answer(int.Parse(parts[0].Split(' ')[1], global::System.Globalization.CultureInfo.InvariantCulture), parts[0], parts[1]);
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string? input)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }

    private sealed record Answer(int Status, string Head, string Body)
    {
        /// <summary>A header's values joined by commas, empty when there is none; media types without parameters.</summary>
        public string Header(string name) => string.Join(", ", Head.Split("\r\n").Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(l => l[(name.Length + 1)..].Trim()).Select(v => name == "Content-Type" ? v.Split(';')[0] : v));
    }
}
