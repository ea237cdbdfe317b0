using System.Text;
using MediaRelay.IO.Tests.Qos;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>The secret shared with the relays, from a file: weak ones are refused, changed ones taken over, broken ones told once.</summary>
public sealed class RelayDirectoryTests : IDisposable
{
    private static readonly string s_first = new('1', 32), s_second = new('2', 32);
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-relays").FullName;
    private readonly ListLogger<RelayDirectory> _log = new();
    private DateTime _written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private SignalingOptions Options => new() { Relays = ["turn:198.51.100.7"], RelaySecretFile = Path.Combine(_folder, "secret") };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(null, "cannot be read: ")]
    [InlineData("", "has a secret of 0 bytes. At least 16 are needed")]
    [InlineData("short\n", "has a secret of 5 bytes. At least 16 are needed")]
    public void A_secret_that_is_missing_or_weak_stops_the_start(string? text, string reason)
    {
        if (text is not null)
            Write(text);
        string sentence = Assert.Throws<FormatException>(() => Open()).Message;
        Assert.Contains(reason, sentence, StringComparison.Ordinal);
        Assert.Equal(sentence, RelayDirectory.Check(Options));
    }

    [Fact]
    public void A_changed_secret_is_taken_over_and_a_broken_one_is_told_once_and_changes_nothing()
    {
        Write($"# shared\n{s_first}\n");
        RelayDirectory relays = Open();
        Assert.Null(RelayDirectory.Check(Options));
        Assert.True(IsMadeWith(relays, s_first));
        Write(s_second);
        Assert.True(IsMadeWith(relays, s_second));
        Write("short");
        Assert.True(IsMadeWith(relays, s_second));
        Assert.True(IsMadeWith(relays, s_second));
        File.Delete(Options.RelaySecretFile);
        Assert.True(IsMadeWith(relays, s_second));
        Assert.Equal(2, _log.Lines.Count(line => line.StartsWith("The changed secret for relays is not taken over", StringComparison.Ordinal)));
        Write(s_first);
        Assert.True(IsMadeWith(relays, s_first));
        Assert.DoesNotContain(_log.Lines, line => line.Contains(s_first, StringComparison.Ordinal) || line.Contains(s_second, StringComparison.Ordinal));
    }

    private RelayDirectory Open() => new(Options, new ManualTime(), _log);

    private static bool IsMadeWith(RelayDirectory relays, string secret)
    {
        MediaRelayAddress issued = relays.Issue("gw-1", "s-1", []).Single();
        var password = new byte[issued.Credential!.Length];
        TimedCredential.WritePassword(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(issued.Username!), password);
        return Encoding.ASCII.GetString(password) == issued.Credential;
    }

    private void Write(string text)
    {
        File.WriteAllText(Options.RelaySecretFile, text);
        _written = _written.AddSeconds(1);
        File.SetLastWriteTimeUtc(Options.RelaySecretFile, _written);
    }
}
