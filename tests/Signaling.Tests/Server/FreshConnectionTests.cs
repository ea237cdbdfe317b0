using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Gateway.Session;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>A try that ended makes room for a new connection: a server under a storm serves the newest first, so waiting on in the old one would be in vain.</summary>
public sealed class FreshConnectionTests
{
    [Fact]
    public async Task After_a_try_that_got_no_handshake_the_next_one_connects_anew()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 authority = new CertificateRequest("CN=Test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var link = new SmaHttpLink("gw-1", [new Uri($"https://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}")], authority, null, null);
        var connections = new List<Socket>();
        for (int i = 0; i < 2; i++)
        {
            // The try ends when its connection is there and not by time, so that a busy machine decides nothing.
            using var end = new CancellationTokenSource();
            Task<SmaAnswer> answer = link.SendAsync("POST", "/sma/1/gw/gw-1/events", new byte[] { 1 }, null, TimeSpan.FromMinutes(1), end.Token);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            connections.Add(await silent.AcceptSocketAsync(limit.Token));
            await end.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => answer);
        }

        foreach (Socket connection in connections)
            connection.Dispose();
    }
}
