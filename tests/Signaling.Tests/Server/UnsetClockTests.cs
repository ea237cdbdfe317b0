using System.Security.Cryptography.X509Certificates;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Tests.Support;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>TLS of a gateway whose clock is not set: the time comes from the server, so its certificate cannot be judged by the time.</summary>
public sealed class UnsetClockTests
{
    [Theory]
    [InlineData("127.0.0.1", 365, "1970-01-01", true)]
    [InlineData("127.0.0.1", 365, "now", false)]
    [InlineData("127.0.0.1", -900, "1970-01-01", false)]
    [InlineData("elsewhere.example", 365, "1970-01-01", false)]
    public async Task A_certificate_that_the_clock_cannot_judge_is_judged_by_its_name_and_by_what_is_known_to_be_past(string name, int madeInDays, string clock, bool isTaken)
    {
        string folder = Directory.CreateTempSubdirectory("sma-clock").FullName;
        string authority = Path.Combine(folder, "authority");
        using (OperatorAuthority made = OperatorAuthority.Create(authority, "Test operator", DateTimeOffset.UtcNow.AddDays(-1000)))
        {
            IssuedCertificate server = made.IssueServer([name], TimeSpan.FromDays(30), DateTimeOffset.UtcNow.AddDays(madeInDays));
            await File.WriteAllTextAsync(Path.Combine(authority, "server.crt"), server.CertificatePem);
            await File.WriteAllTextAsync(Path.Combine(authority, "server.key"), server.KeyPem);
        }

        await using ServerRig rig = await StartAsync(folder: folder);
        TimeProvider time = clock == "now" ? TimeProvider.System : new ManualTime(DateTimeOffset.UnixEpoch);
        using var link = new SmaHttpLink(GatewayId, [rig.Address], X509CertificateLoader.LoadCertificateFromFile(rig.CaFile), null, null, time);
        Task<SmaAnswer> asking = PostAsync(link, $"/sma/1/gw/{GatewayId}/session", []);
        if (isTaken)
            Assert.Equal(401, (await asking).Status);
        else
            await Assert.ThrowsAsync<IOException>(() => asking);
    }
}
