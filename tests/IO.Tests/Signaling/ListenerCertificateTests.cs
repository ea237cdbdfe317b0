using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace MediaRelay.IO.Tests.Signaling;

/// <summary>The certificates that gateways and browsers are shown, renewed while the node runs.</summary>
public sealed class ListenerCertificateTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-listeners").FullName;
    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);
    private WebApplication _app = null!;

    public async Task InitializeAsync()
    {
        var (configuration, faults) = ServerConfiguration.Load(
            null, ["--Node:MetricsListen=", $"--Node:DataFolder={_folder}", "--Node:LogLevel=None", "--Signaling:GatewayListen=127.0.0.1:0", "--Signaling:PortalListen=127.0.0.1:0"]);
        Assert.Empty(faults);
        _app = RoleHost.Build(configuration, builder => builder.Services.AddSingleton<TimeProvider>(_time));
        await _app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("portal")]
    public async Task A_certificate_whose_key_comes_later_is_shown_once_both_are_there(string name)
    {
        string before = await SerialAsync(name);
        IssuedCertificate issued = Issue(TimeSpan.FromDays(90));
        await File.WriteAllTextAsync(FileOf(name, "crt"), issued.CertificatePem);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(before, await SerialAsync(name));
        await File.WriteAllTextAsync(FileOf(name, "key"), issued.KeyPem);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(issued.Serial, await SerialAsync(name));
    }

    [Fact]
    public async Task The_portal_renews_its_own_certificate_before_its_end_without_a_restart()
    {
        IssuedCertificate old = Issue(TimeSpan.FromDays(20));
        await File.WriteAllTextAsync(FileOf("portal", "crt"), old.CertificatePem);
        await File.WriteAllTextAsync(FileOf("portal", "key"), old.KeyPem);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(old.Serial, await SerialAsync("portal"));
        _time.Advance(TimeSpan.FromHours(1));
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.NotEqual(old.Serial, await SerialAsync("portal"));
    }

    private IssuedCertificate Issue(TimeSpan life) => _app.Services.GetRequiredService<OperatorAuthority>().IssueServer(["localhost"], life, _time.GetUtcNow());

    private string FileOf(string name, string kind) => Path.Combine(_folder, "authority", $"{name}.{kind}");

    /// <summary>Serial number of the certificate that a new connection is shown.</summary>
    private async Task<string> SerialAsync(string name)
    {
        IPEndPoint listener = name == "portal" ? _app.Services.GetRequiredService<PortalServer>().Endpoint! : _app.Services.GetRequiredService<EventServer>().Endpoint!;
        using var client = new TcpClient();
        await client.ConnectAsync(listener);
        await using var stream = new SslStream(client.GetStream());
        using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(FileOf("ca", "crt"));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, VerificationTimeIgnored = false, VerificationTime = _time.GetLocalNow().DateTime };
        policy.CustomTrustStore.Add(authority);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy });
        return ((X509Certificate2)stream.RemoteCertificate!).SerialNumber;
    }
}
