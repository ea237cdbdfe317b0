using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.IO.Authority;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>Times of issued certificates lie inside those of the authority, whatever the clock says.</summary>
public sealed class OperatorAuthorityTests : IDisposable
{
    private static readonly DateTimeOffset s_made = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("sma-authority").FullName;
    private readonly OperatorAuthority _authority;

    public OperatorAuthorityTests() => _authority = OperatorAuthority.Create(_folder, "Test operator", s_made);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(0, 90)]
    [InlineData(-150, 90)] // The clock was set back after the authority was made.
    [InlineData(300, 90)]
    [InlineData(0, 100_000)] // Longer than the authority itself.
    public void A_certificate_starts_and_ends_within_the_authoritys_time(int days, int life)
    {
        using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_folder, "ca.crt"));
        IssuedCertificate issued = _authority.IssueServer(["localhost"], TimeSpan.FromDays(life), s_made.AddDays(days));
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        Assert.True(certificate.NotBefore >= authority.NotBefore);
        Assert.True(certificate.NotAfter <= authority.NotAfter);
        Assert.True(certificate.NotAfter - certificate.NotBefore >= TimeSpan.FromDays(Math.Min(life, 365)));
    }
}
