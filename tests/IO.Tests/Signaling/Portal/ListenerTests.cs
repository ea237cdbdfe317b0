using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>The portal's listener before anybody has logged in: what TLS takes, how many connections, and how long a body may drip.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class ListenerTests : IAsyncLifetime
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(10);
    private readonly ManualTime _time = new();
    private readonly PortalNode _node;

    public ListenerTests() => _node = new PortalNode { Time = _time };

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_TLS_1_2_only_forward_secrecy_with_authenticated_encryption_is_taken(bool isGood)
    {
        TlsCipherSuite[] suites = isGood
            ? [TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
            : [TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA];
        using TcpClient tcp = await ConnectAsync();
        await using var tls = new SslStream(tcp.GetStream());
        Task shaking = tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls12, CipherSuitesPolicy = new CipherSuitesPolicy(suites), RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        }).WaitAsync(s_bound);
        Exception? fault = await Record.ExceptionAsync(() => shaking);
        Assert.True(fault is null == isGood && fault is null or AuthenticationException or IOException, fault?.ToString());
    }

    [Fact]
    public async Task One_address_has_sixty_four_connections_before_it_logs_in_and_those_of_people_do_not_count()
    {
        using HttpClient ann = await _node.BrowserAsync("ann");
        var silent = new List<TcpClient>();
        try
        {
            for (int i = 0; i < 64; i++)
                silent.Add(await ConnectAsync());
            using TcpClient last = await ConnectAsync();
            Assert.Equal(0, await ReadAsync(last));
            Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/api/me")).StatusCode);
        }
        finally
        {
            silent.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task A_body_that_drips_is_cut_after_fifteen_seconds_in_all()
    {
        using TcpClient tcp = await ConnectAsync();
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null }).WaitAsync(s_bound);
        int timers = _time.ArmedTimers;
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"POST /api/login HTTP/1.1\r\nHost: {_node.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{{\"user\":"));
        await GateSteps.UntilAsync(() => Task.FromResult(_time.ArmedTimers > timers), seconds: 10);
        _time.Advance(TimeSpan.FromSeconds(16));
        var answer = new byte[64];
        int length = await tls.ReadAsync(answer).AsTask().WaitAsync(s_bound);
        Assert.StartsWith("HTTP/1.1 408 ", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, _node.Address.Port).WaitAsync(s_bound);
        return tcp;
    }

    private static async Task<int> ReadAsync(TcpClient tcp)
    {
        try
        {
            return await tcp.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(s_bound);
        }
        catch (IOException)
        {
            // A reset says the same.
            return 0;
        }
    }
}
