using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.System.Tests.Turn;

/// <summary>Whatever the log level: passwords, secrets, keys and what is derived from them stay out of the log.</summary>
public sealed class LogSecretsTests : IDisposable
{
    private const string Secret = "planted-secret-0123456789abcdef";

    private readonly HomeNetwork _network = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-log").FullName;

    public void Dispose()
    {
        _network.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void At_its_most_talkative_the_relay_tells_no_secret()
    {
        var (users, secrets) = (Path.Combine(_folder, "users"), Path.Combine(_folder, "secrets"));
        File.WriteAllText(users, $"{RelayFixture.User}:{RelayFixture.Password}\n");
        File.WriteAllText(secrets, Secret + "\n");
        using var relay = NamespaceProcess.StartRelay(_network.Relay,
            "--listen", $"{HomeNetwork.RelayAddress}:3478", "--realm", "relay.test", "--users-file", users, "--auth-secret-file", secrets, "--workers", "1", "--log-level", "Trace", "--metrics", "127.0.0.1:9464");
        var timed = TimedCredential.Issue(Encoding.UTF8.GetBytes(Secret), DateTimeOffset.UtcNow.AddMinutes(5), "gateway-17");
        Namespaces.Run(_network.Client, () =>
        {
            foreach (var (user, password, code) in ((string, string, int)[])[(RelayFixture.User, RelayFixture.Password, 0), (timed.Username, timed.Password, 0), (RelayFixture.User, "planted-wrong-password", 401)])
            {
                using var datagrams = new TestClient(HomeNetwork.RelayAddress, user: user, password: password);
                Assert.Equal(code, datagrams.Allocate());
                using var stream = new TestClient(HomeNetwork.RelayAddress, stream: true, user: user, password: password);
                Assert.Equal(code, stream.Allocate());
                _ = datagrams.Refresh(0);
            }

            return true;
        });
        File.WriteAllText(secrets, "short\n");
        Assert.True(relay.WaitFor("are not taken over", TimeSpan.FromSeconds(10)));
        File.WriteAllText(secrets, Secret + "\n" + Secret + "2\n");
        Assert.True(relay.WaitFor("were read again", TimeSpan.FromSeconds(10)));
        var pages = HomeNetwork.Run(_network.Relay, TimeSpan.FromSeconds(10), "curl -s http://127.0.0.1:9464/metrics http://127.0.0.1:9464/admin/turn/allocations").Output;
        Assert.Contains("wrong password or secret", relay.Output, StringComparison.Ordinal);
        Assert.Contains(" ended: ", relay.Output, StringComparison.Ordinal);
        Assert.Contains("gateway-17", pages, StringComparison.Ordinal);
        var key = LongTermKey.Derive(PasswordAlgorithm.Md5, RelayFixture.User, "relay.test", RelayFixture.Password);
        foreach (var planted in (string[])[RelayFixture.Password, Secret, timed.Password, "planted-wrong-password", Convert.ToHexStringLower(key.Bytes), Convert.ToBase64String(key.Bytes)])
        {
            Assert.DoesNotContain(planted, relay.Output, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(planted, pages, StringComparison.OrdinalIgnoreCase);
        }
    }
}
