using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.Tests.Contract;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>Who gets in, and what happens to those who do not (threats section 5). After every attack an honest gateway is still served.</summary>
public sealed class SecurityTests : IAsyncLifetime
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    private ServerRig _rig = null!;

    public async Task InitializeAsync() => _rig = await ServerRig.StartAsync();

    public async Task DisposeAsync()
    {
        using (SmaHttpLink honest = _rig.Link())
            await PostEventsAsync(honest, GatewayId, "honest", Event(1, id: "honest"));
        Assert.DoesNotContain(_rig.Logs.Lines, line => line.Contains(Password, StringComparison.Ordinal) || line.Contains("AAAAA-BBBBB", StringComparison.Ordinal));
        await _rig.DisposeAsync();
    }

    [Fact]
    public void Curl_gets_in_with_digest_sha256_and_with_a_client_certificate()
    {
        string body = Path.Combine(_rig.Folder, "body.xml");
        File.WriteAllBytes(body, EventsDocument(GatewayId, "curl", Event(1)));
        string[] common = ["-sS", "--cacert", _rig.CaFile, "-H", "Content-Type: application/xml", "--data-binary", "@" + body, "-w", "|%{http_code}", new Uri(_rig.Address, Base + "/events").ToString()];
        (int code, string output) = ContractTests.Run("curl", ["--digest", "-u", $"{GatewayId}:{Password}", .. common]);
        Assert.True(code == 0, output);
        Assert.EndsWith("upTo=\"1\"/>|202", output, StringComparison.Ordinal);
        (code, output) = ContractTests.Run("curl", ["--cert", Path.Combine(_rig.Folder, GatewayId + ".crt"), "--key", Path.Combine(_rig.Folder, GatewayId + ".key"), .. common]);
        Assert.True(code == 0, output);
        Assert.EndsWith("upTo=\"1\"/>|202", output, StringComparison.Ordinal);
        (_, output) = ContractTests.Run("curl", ["--digest", "-u", $"{GatewayId}:wrong", .. common]);
        Assert.EndsWith("|401", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sha256_is_offered_first_and_md5_only_to_a_gateway_that_is_marked_for_it()
    {
        using HttpClient client = Client(null);
        using HttpResponseMessage modern = await client.GetAsync(new Uri(Base + "/config", UriKind.Relative));
        string challenge = Assert.Single(modern.Headers.WwwAuthenticate).ToString();
        Assert.Contains("algorithm=SHA-256", challenge, StringComparison.Ordinal);
        Assert.Contains("qop=\"auth\"", challenge, StringComparison.Ordinal);
        using HttpResponseMessage old = await client.GetAsync(new Uri($"/sma/1/gw/{Other}/config", UriKind.Relative));
        Assert.Equal(["SHA-256", "MD5"], old.Headers.WwwAuthenticate.Select(one => one.ToString().Split("algorithm=")[1]));
        using HttpResponseMessage unknown = await client.GetAsync(new Uri("/sma/1/gw/nobody/config", UriKind.Relative));
        Assert.Equal(401, (int)unknown.StatusCode);
        Assert.False(modern.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Md5_opens_the_path_of_a_gateway_that_is_marked_for_it_and_no_other()
    {
        using HttpClient client = Client(null);
        string target = $"/sma/1/gw/{Other}/config";
        using HttpResponseMessage challenge = await client.GetAsync(new Uri(target, UriKind.Relative));
        string[] offered = [.. challenge.Headers.WwwAuthenticate.Select(one => one.ToString())];
        var marked = new Signaling.Access.DigestClient(Other, Password, RandomNumberGenerator.Create());
        Assert.True(marked.HandleChallenge(offered.Where(one => one.EndsWith("algorithm=MD5", StringComparison.Ordinal))));
        string authorization = marked.Authorize("GET", target)!;
        Assert.Contains("algorithm=MD5", authorization, StringComparison.Ordinal);
        Assert.Equal(404, await StatusAsync(client, target, authorization));
        using HttpResponseMessage modern = await client.GetAsync(new Uri(Base + "/config", UriKind.Relative));
        var unmarked = new Signaling.Access.DigestClient(GatewayId, Password, RandomNumberGenerator.Create());
        Assert.True(unmarked.HandleChallenge(modern.Headers.WwwAuthenticate.Select(one => one.ToString().Replace("SHA-256", "MD5", StringComparison.Ordinal))));
        Assert.Equal(401, await StatusAsync(client, Base + "/config", unmarked.Authorize("GET", Base + "/config")!));
    }

    [Fact]
    public void Curl_with_another_gateway_s_certificate_or_a_stranger_s_gets_nothing()
    {
        string body = Path.Combine(_rig.Folder, "body.xml"), certificate = Path.Combine(_rig.Folder, "strange.crt"), key = Path.Combine(_rig.Folder, "strange.key");
        File.WriteAllBytes(body, EventsDocument(GatewayId, "curl", Event(1)));
        using (OperatorAuthority stranger = OperatorAuthority.Create(Path.Combine(_rig.Folder, "stranger"), "Stranger", DateTimeOffset.UtcNow))
        {
            IssuedCertificate issued = stranger.IssueGateway(GatewayId, TimeSpan.FromDays(1), DateTimeOffset.UtcNow);
            File.WriteAllText(certificate, issued.CertificatePem);
            File.WriteAllText(key, issued.KeyPem);
        }

        string[] common = ["-sS", "--cacert", _rig.CaFile, "-H", "Content-Type: application/xml", "--data-binary", "@" + body, "-w", "|%{http_code}", new Uri(_rig.Address, Base + "/events").ToString()];
        (int code, string output) = ContractTests.Run("curl", ["--cert", Path.Combine(_rig.Folder, Other + ".crt"), "--key", Path.Combine(_rig.Folder, Other + ".key"), .. common]);
        Assert.True(code == 0, output);
        Assert.EndsWith("|403", output, StringComparison.Ordinal);
        (code, output) = ContractTests.Run("curl", ["--cert", certificate, "--key", key, .. common]);
        Assert.True(code != 0, output);
        (_, output) = ContractTests.Run("curl", ["--digest", "-u", $"{Other}:{Password}", .. common]);
        Assert.EndsWith("|401", output, StringComparison.Ordinal);
        Assert.Empty(_rig.Storage.Events.Read(0, 10));
    }

    [Fact]
    public async Task A_replayed_digest_is_refused_as_stale_and_another_target_as_wrong()
    {
        using HttpClient client = Client(null);
        string authorization = await AuthorizeAsync(client, "GET", Base + "/config");
        Assert.Equal(404, await StatusAsync(client, Base + "/config", authorization));
        Assert.Equal(401, await StatusAsync(client, Base + "/config", authorization));
        string next = await AuthorizeAsync(client, "GET", Base + "/config");
        Assert.Equal(401, await StatusAsync(client, Base + "/instructions", next));
    }

    [Fact]
    public async Task Ten_wrong_answers_in_a_minute_lead_to_429_for_that_source_and_gateway()
    {
        using HttpClient client = Client(null);
        var statuses = new List<int>();
        for (int i = 0; i < 12; i++)
            statuses.Add(await StatusAsync(client, Base + "/config", (await AuthorizeAsync(client, "GET", Base + "/config")).Replace("response=\"", "response=\"0", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Repeat(401, 10).Concat([429, 429]), statuses);
    }

    [Fact]
    public async Task A_certificate_opens_its_own_path_only()
    {
        using SmaHttpLink link = _rig.Link(Other);
        SmaAnswer answer = await PostAsync(link, Base + "/events", EventsDocument(GatewayId, "e", Event(1)));
        Assert.Equal(403, answer.Status);
        answer = await PostAsync(link, $"/sma/1/gw/{Other}/events", EventsDocument(GatewayId, "e", Event(1)));
        Assert.Equal(403, answer.Status);
        Assert.Empty(_rig.Storage.Events.Read(0, 10));
    }

    [Theory]
    [InlineData("a stranger's authority")]
    [InlineData("expired")]
    [InlineData("not yet valid")]
    [InlineData("a server certificate")]
    [InlineData("revoked")]
    public async Task A_certificate_that_is_not_good_is_refused_in_the_handshake(string what)
    {
        IssuedCertificate issued;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string strange = Path.Combine(_rig.Folder, "strange");
        switch (what)
        {
            case "a stranger's authority":
                using (OperatorAuthority stranger = OperatorAuthority.Create(strange, "Stranger", now))
                    issued = stranger.IssueGateway(GatewayId, TimeSpan.FromDays(1), now);
                break;
            case "expired":
                issued = _rig.Authority.IssueGateway(GatewayId, TimeSpan.FromMinutes(1), now.AddMinutes(-4));
                break;
            case "not yet valid":
                issued = _rig.Authority.IssueGateway(GatewayId, TimeSpan.FromDays(1), now.AddHours(1));
                break;
            case "a server certificate":
                issued = _rig.Authority.IssueServer([GatewayId], TimeSpan.FromDays(1), now);
                break;
            default:
                issued = _rig.Authority.IssueGateway(GatewayId, TimeSpan.FromDays(1), now);
                _rig.Authority.Revoke(issued.Serial, now);
                break;
        }

        using HttpClient client = Client(X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(Base + "/config", UriKind.Relative)));
    }

    [Fact]
    public async Task A_gateway_enrols_with_its_claim_code_and_renews_with_its_certificate()
    {
        string folder = Path.Combine(_rig.Folder, "enrolled");
        using (var bare = new SmaHttpLink(GatewayId, [_rig.Address], X509CertificateLoader.LoadCertificateFromFile(_rig.CaFile), null, null))
        {
            Assert.Equal("The claim code is wrong, used or too old.", await GatewayIdentity.EnrolAsync(bare, GatewayId, "ZZZZZ", folder, default));
            Assert.Null(await GatewayIdentity.EnrolAsync(bare, GatewayId, "aaaaa-bbbbb-ccccc-ddddd", folder, default));
        }

        using X509Certificate2 first = GatewayIdentity.Open(folder)!;
        Assert.Equal(GatewayId, OperatorAuthority.GatewayOf(first));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "gateway.key")));
        using (var link = new SmaHttpLink(GatewayId, [_rig.Address], X509CertificateLoader.LoadCertificateFromFile(_rig.CaFile), GatewayIdentity.Open(folder), null))
        {
            await PostEventsAsync(link, GatewayId, "e", Event(1));
            Assert.Null(await GatewayIdentity.EnrolAsync(link, GatewayId, null, folder, default));
            Assert.Equal("The claim code is wrong, used or too old.", await GatewayIdentity.EnrolAsync(link, Other, null, folder, default));
        }

        using X509Certificate2 second = GatewayIdentity.Open(folder)!;
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        Assert.Equal(second.SerialNumber, _rig.Storage.Gateways.Find(GatewayId)!.CertificateSerial);
    }

    [Theory]
    [InlineData("gateway.key.new", "gateway.crt.new")]
    [InlineData("gateway.key", "gateway.crt.new")]
    public async Task A_renewal_that_is_cut_off_at_any_moment_leaves_an_identity_that_opens(string key, string certificate)
    {
        string folder = Path.Combine(_rig.Folder, "renewed");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(_rig.Folder, GatewayId + ".key"), Path.Combine(folder, "gateway.key"));
        File.Copy(Path.Combine(_rig.Folder, GatewayId + ".crt"), Path.Combine(folder, "gateway.crt"));
        IssuedCertificate next = _rig.Authority.IssueGateway(GatewayId, TimeSpan.FromDays(1), DateTimeOffset.UtcNow);
        await File.WriteAllTextAsync(Path.Combine(folder, key), next.KeyPem);
        await File.WriteAllTextAsync(Path.Combine(folder, certificate), next.CertificatePem);
        using X509Certificate2 opened = GatewayIdentity.Open(folder)!;
        Assert.Equal(key == "gateway.key" ? next.Serial : _rig.CertificateOf(GatewayId).SerialNumber, opened.SerialNumber, ignoreCase: true);
        using X509Certificate2 again = GatewayIdentity.Open(folder)!;
        Assert.Equal(opened.SerialNumber, again.SerialNumber);
    }

    [Fact]
    public async Task A_gateway_that_asks_whether_to_go_on_is_told_so_before_it_sends_its_body()
    {
        byte[] body = EventsDocument(GatewayId, "e", Event(1, id: "asked"));
        await using SslStream stream = await ConnectAsync(_rig.CertificateOf(GatewayId));
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {Base}/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        var buffer = new byte[4096];
        int length = await stream.ReadAtLeastAsync(buffer, 12, false).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
        await stream.WriteAsync(body);
        length = await stream.ReadAtLeastAsync(buffer, 12, false).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.StartsWith("HTTP/1.1 202", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", "<x/>", 415)]
    [InlineData("application/xml; charset=utf-16", "<x/>", 415)]
    [InlineData("application/xml", "<!DOCTYPE e [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><events>&a;</events>", 400)]
    [InlineData("text/xml", "not xml", 400)]
    [InlineData("application/xml", "", 400)]
    public async Task A_body_that_is_not_ours_is_refused_with_a_valid_error_document(string type, string body, int status)
    {
        using HttpClient client = Client(_rig.CertificateOf(GatewayId));
        using var content = new StringContent(body);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using HttpResponseMessage response = await client.PostAsync(new Uri(Base + "/events", UriKind.Relative), content);
        Assert.Equal(status, (int)response.StatusCode);
        byte[] error = await response.Content.ReadAsByteArrayAsync();
        Assert.Empty(ContractTests.Validate(error));
        Assert.DoesNotContain("passwd", Encoding.UTF8.GetString(error), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Encoding.UTF8.GetString(error), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /sma/1/gw/gw-0001/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 99999999\r\n\r\n", "413")]
    [InlineData("POST /sma/1/gw/gw-0001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")]
    [InlineData("POST /sma/1/gw/gw-0001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400")]
    [InlineData("GET http://evil.example/sma/1/schema HTTP/1.1\r\nHost: x\r\n\r\n", "400")]
    [InlineData("GET /sma/1/schema HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", "400")]
    [InlineData("GET /sma/1/schema HTTP/1.1\r\nHost : x\r\n\r\n", "400")]
    [InlineData("GET /sma/1/gw/gw-0001/%2e%2e/config HTTP/1.1\r\nHost: x\r\n\r\n", "400")]
    [InlineData("DELETE /sma/1/gw/gw-0001/events HTTP/1.1\r\nHost: x\r\n\r\n", "405")]
    [InlineData("TRACE /sma/1/schema HTTP/1.1\r\nHost: x\r\n\r\n", "405")]
    [InlineData("GET /sma/1/gw/gw-0001/secrets HTTP/1.1\r\nHost: x\r\n\r\n", "404")]
    [InlineData("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404")]
    public async Task Crooked_http_is_refused(string request, string status)
    {
        await using SslStream stream = await ConnectAsync(_rig.CertificateOf(GatewayId));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var buffer = new byte[4096];
        int length = await stream.ReadAtLeastAsync(buffer, 12, false).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("HTTP/1.1 " + status, Encoding.ASCII.GetString(buffer, 0, Math.Min(12, length)));
    }

    [Fact]
    public async Task A_header_line_that_never_ends_and_one_beyond_the_limit_are_cut_off()
    {
        await using SslStream big = await ConnectAsync(_rig.CertificateOf(GatewayId));
        await big.WriteAsync(Encoding.ASCII.GetBytes("GET /sma/1/schema HTTP/1.1\r\nHost: x\r\nX: " + new string('a', 20_000) + "\r\n\r\n"));
        var buffer = new byte[4096];
        int length = await big.ReadAtLeastAsync(buffer, 12, false).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("HTTP/1.1 431", Encoding.ASCII.GetString(buffer, 0, Math.Min(12, length)));
    }

    [Fact]
    public async Task A_body_that_trickles_is_cut_off_while_others_are_served()
    {
        await using SslStream slow = await ConnectAsync(_rig.CertificateOf(GatewayId));
        await slow.WriteAsync(Encoding.ASCII.GetBytes($"POST {Base}/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n<"));
        using (SmaHttpLink honest = _rig.Link(Other))
            await PostEventsAsync(honest, Other, "e", Event(1));
        var buffer = new byte[4096];
        int length = await slow.ReadAtLeastAsync(buffer, 12, false).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(length == 0 || Encoding.ASCII.GetString(buffer, 0, 12) == "HTTP/1.1 408", Encoding.ASCII.GetString(buffer, 0, length));
    }

    [Fact]
    public async Task Tls_1_1_and_a_handshake_that_stalls_are_refused()
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", _rig.Address.Port);
        await tcp.GetStream().WriteAsync(new byte[] { 0x16, 0x03, 0x01, 0x00, 0xff });
        var buffer = new byte[64];
        int length = await tcp.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(length == 0 || buffer[0] == 0x15);
        (int code, string _) = ContractTests.Run("curl", ["-sS", "--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT:@SECLEVEL=0", "--cacert", _rig.CaFile, new Uri(_rig.Address, "/sma/1/schema").ToString()]);
        Assert.NotEqual(0, code);
    }

    [Fact]
    public async Task Silent_connections_of_one_address_are_cut_at_64_and_hold_up_nobody()
    {
        var silent = new List<Socket>();
        var closed = new HashSet<Socket>();
        try
        {
            for (int i = 0; i < 80; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse("127.0.0.2"), 0));
                try
                {
                    await socket.ConnectAsync("127.0.0.1", _rig.Address.Port);
                }
                catch (SocketException cut) when (cut.SocketErrorCode == SocketError.ConnectionReset)
                {
                    closed.Add(socket); // The reset was here before the news of the connection.
                }
            }

            await UntilAsync(() =>
            {
                closed.UnionWith(silent.Where(socket => !closed.Contains(socket) && socket.Poll(0, SelectMode.SelectRead)));
                return closed.Count >= 16;
            }, "those beyond the limit are closed");
            using SmaHttpLink honest = _rig.Link(Other);
            await PostEventsAsync(honest, Other, "e", Event(1));
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task The_schema_is_public_and_complete()
    {
        using HttpClient client = Client(null);
        foreach (string name in SmaSchemas.Names)
            Assert.Equal(SmaSchemas.Read(name), await client.GetByteArrayAsync(new Uri("/sma/1/schema/" + name, UriKind.Relative)));
        Assert.Equal(SmaSchemas.Read(SmaSchemas.Root), await client.GetByteArrayAsync(new Uri("/sma/1/schema", UriKind.Relative)));
    }

    [Fact]
    public async Task The_schema_s_includes_resolve_from_where_it_is_read()
    {
        using HttpClient client = Client(null);
        using HttpResponseMessage root = await client.GetAsync(new Uri("/sma/1/schema", UriKind.Relative));
        string[] included = [.. System.Xml.Linq.XDocument.Parse(await root.Content.ReadAsStringAsync()).Root!.Elements()
            .Where(element => element.Name.LocalName == "include").Select(element => element.Attribute("schemaLocation")!.Value)];
        Assert.Equal(4, included.Length);
        foreach (string name in included)
        {
            using HttpResponseMessage part = await client.GetAsync(new Uri(root.RequestMessage!.RequestUri!, name));
            Assert.Equal(200, (int)part.StatusCode);
        }
    }

    private HttpClient Client(X509Certificate2? certificate)
    {
#pragma warning disable CA5359, CA2000 // The server is our own; its certificate is checked by the other tests. The client owns the handler.
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
#pragma warning restore CA5359, CA2000
        if (certificate is not null)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        return new HttpClient(handler) { BaseAddress = _rig.Address };
    }

    private async Task<SslStream> ConnectAsync(X509Certificate2 certificate)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", _rig.Address.Port);
#pragma warning disable CA5359
        var stream = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) });
        return stream;
    }

    private static async Task<string> AuthorizeAsync(HttpClient client, string method, string target)
    {
        using HttpResponseMessage challenge = await client.GetAsync(new Uri(target, UriKind.Relative));
        var digest = new Signaling.Access.DigestClient(GatewayId, Password, RandomNumberGenerator.Create());
        Assert.True(digest.HandleChallenge(challenge.Headers.WwwAuthenticate.Select(one => one.ToString())));
        return digest.Authorize(method, target)!;
    }

    private static async Task<int> StatusAsync(HttpClient client, string target, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using HttpResponseMessage response = await client.SendAsync(request);
        return (int)response.StatusCode;
    }
}
