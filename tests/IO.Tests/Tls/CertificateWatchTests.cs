using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Tests.Support;
using MediaRelay.Tls;

namespace MediaRelay.IO.Tests.Tls;

/// <summary>Certificates that change while a listener runs: in two steps, with files that cannot be reached, and near their end.</summary>
public sealed class CertificateWatchTests : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private readonly string _root = Directory.CreateTempSubdirectory("mediarelay-watch").FullName;
    private readonly ManualTime _time = new();
    private readonly List<string> _told = [];
    private DateTime _written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private string Folder => Path.Combine(_root, "tls");

    private string CertificateFile => Path.Combine(Folder, "c.pem");

    private string KeyFile => Path.Combine(Folder, "k.pem");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_certificate_that_comes_before_its_key_is_taken_when_the_key_is_there()
    {
        Write(Issue("first", days: 100));
        using CertificateWatch watch = Watch();
        (string pem, string key) = Issue("second", days: 100);
        Put(CertificateFile, pem);
        _time.Advance(Period);
        Assert.StartsWith("refused The pair cannot be used:", Assert.Single(_told), StringComparison.Ordinal);
        _time.Advance(2 * Period);
        Assert.Single(_told); // Each reason once.
        Put(KeyFile, key);
        _time.Advance(Period);
        Assert.Equal("taken CN=second", _told[^1]);
        _time.Advance(2 * Period);
        Assert.Equal(2, _told.Count);
    }

    /// <summary>What was refused is tried again, even when the times of the files are the same: a right to read comes without a new time.</summary>
    [Fact]
    public void A_change_that_could_not_be_read_is_tried_again_at_every_look()
    {
        Write(Issue("first", days: 100));
        int reads = 0;
        var files = new WatchedFiles(CertificateFile);
        files.Take(() => reads++);
        Put(CertificateFile, "changed");
        Assert.False(files.Look(() => { reads++; throw new UnauthorizedAccessException("no right"); }, _told.Add));
        Assert.False(files.Look(() => { reads++; throw new UnauthorizedAccessException("no right"); }, _told.Add));
        Assert.True(files.Look(() => reads++, _told.Add));
        Assert.False(files.Look(() => reads++, _told.Add));
        Assert.Equal(4, reads);
        Assert.Equal(["no right"], _told);
    }

    /// <summary>A folder that leads to itself makes every question about its files fail, as missing rights and a broken disk do.</summary>
    [Fact]
    public void A_folder_that_cannot_be_entered_is_told_and_survived()
    {
        Write(Issue("first", days: 100));
        using CertificateWatch watch = Watch();
        string aside = Path.Combine(_root, "aside");
        Directory.Move(Folder, aside);
        Directory.CreateSymbolicLink(Folder, Folder);
        Assert.ThrowsAny<IOException>(() => File.GetLastWriteTimeUtc(CertificateFile));
        _time.Advance(2 * Period);
        Assert.StartsWith("refused The pair cannot be used:", Assert.Single(_told), StringComparison.Ordinal);
        File.Delete(Folder);
        Directory.Move(aside, Folder);
        Write(Issue("second", days: 100));
        _time.Advance(Period);
        Assert.Equal("taken CN=second", _told[^1]);
    }

    [Fact]
    public void An_end_is_told_thirty_seven_and_one_day_before_and_anew_for_a_new_certificate()
    {
        Write(Issue("first", days: 40));
        using CertificateWatch watch = Watch();
        for (int day = 0; day < 40; day++) _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(["ends", "ends", "ends"], _told.Select(t => t.Split(' ')[0]));
        _told.Clear();
        Write(Issue("second", days: 47));
        _time.Advance(Period);
        Assert.Equal(["taken", "ends"], _told.Select(t => t.Split(' ')[0]));
    }

    private CertificateWatch Watch() => new(
        [CertificateFile, KeyFile], () => CertificatePair.Read(CertificateFile, KeyFile, "The pair").Leaf,
        new CertificateLog(leaf => _told.Add($"taken {leaf.Subject}"), reason => _told.Add($"refused {reason}"), end => _told.Add($"ends {end:u}")), _time, Period);

    private (string Pem, string Key) Issue(string name, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        DateTimeOffset start = new ManualTime().GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(start, start.AddDays(days));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private void Write((string Pem, string Key) pair)
    {
        Put(CertificateFile, pair.Pem);
        Put(KeyFile, pair.Key);
    }

    /// <summary>Writes with a time of its own, so that no file system's clock decides.</summary>
    private void Put(string file, string text)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(file, text);
        _written = _written.AddSeconds(1);
        File.SetLastWriteTimeUtc(file, _written);
    }
}
