using System.Security.Cryptography;
using System.Text;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Certificates, secrets and users are replaced while the relay runs: who is served already notices nothing.</summary>
public sealed class ReloadTests : IDisposable
{
    private static readonly string First = new('1', 32);
    private static readonly string Second = new('2', 32);
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-reload").FullName;

    private string CertificateFile => Path.Combine(_folder, "c.pem");

    private string KeyFile => Path.Combine(_folder, "k.pem");

    private string CredentialFile => Path.Combine(_folder, "credentials");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(StunTransport.Tls)]
    [InlineData(StunTransport.Dtls)]
    public async Task A_new_certificate_is_shown_to_new_connections_and_old_ones_go_on(StunTransport transport)
    {
        WriteCertificate("first.test");
        using var node = await TurnNode.StartAsync(secure: true, "--tls-listen", "127.0.0.1:0", "--dtls-listen", "127.0.0.1:0", "--cert", CertificateFile, "--key", KeyFile, "--user", "alice:wonderland");
        var alice = TurnCredential.FromPassword("alice", "wonderland");
        await using var before = await node.ConnectAsync(transport, alice);
        Assert.Contains("first.test", before.LinkDescription, StringComparison.Ordinal);
        Assert.IsType<TurnClientCommand.Allocated>(await TurnNode.AllocateAsync(before));

        WriteCertificate("second.test");
        Assert.Contains("CN=second.test", await node.WaitForLineAsync("is in use from now on"), StringComparison.Ordinal);
        Assert.True(await UntilAsync(async () =>
        {
            await using var after = await node.ConnectAsync(transport, alice);
            return after.LinkDescription.Contains("second.test", StringComparison.Ordinal);
        }));
        await using (var after = await node.ConnectAsync(transport, alice))
            Assert.IsType<TurnClientCommand.Allocated>(await TurnNode.AllocateAsync(after));
        Assert.True(await TurnNode.RefreshAsync(before));

        // Half a file, as a careless copy leaves it: told once, and the certificate before stays.
        await File.WriteAllTextAsync(CertificateFile, "-----BEGIN CERTIFICATE-----\nAAAA");
        Assert.Contains("The old one stays in use.", await node.WaitForLineAsync("not taken over"), StringComparison.Ordinal);
        await using (var later = await node.ConnectAsync(transport, alice))
            Assert.Contains("second.test", later.LinkDescription, StringComparison.Ordinal);
        Assert.True(await TurnNode.RefreshAsync(before));
    }

    [Theory]
    [InlineData(StunTransport.Udp)]
    [InlineData(StunTransport.Tcp)]
    public async Task Two_secrets_are_live_while_they_overlap_and_allocations_outlive_the_old_one(StunTransport transport)
    {
        await WriteCredentialsAsync(First);
        using var node = await TurnNode.StartAsync(secure: false, "--auth-secret-file", CredentialFile);
        await using var old = await node.ConnectAsync(transport, Timed(First));
        Assert.IsType<TurnClientCommand.Allocated>(await TurnNode.AllocateAsync(old));
        Assert.Equal(StunErrorCode.Unauthenticated, await RefusalAsync(node, transport, Timed(Second)));

        await WriteCredentialsAsync(Second, First);
        await node.WaitForLineAsync("were read again");
        Assert.True(await UntilAsync(async () => await RefusalAsync(node, transport, Timed(Second)) == StunErrorCode.None));
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, transport, Timed(First)));

        await WriteCredentialsAsync(Second);
        await node.WaitForLineAsync("were read again");
        Assert.True(await UntilAsync(async () => await RefusalAsync(node, transport, Timed(First)) == StunErrorCode.Unauthenticated));
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, transport, Timed(Second)));
        Assert.True(await TurnNode.RefreshAsync(old));

        // A secret that is too short is refused as a whole file.
        await WriteCredentialsAsync("short");
        Assert.Contains("At least 16 are needed", await node.WaitForLineAsync("not taken over"), StringComparison.Ordinal);
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, transport, Timed(Second)));
    }

    [Fact]
    public async Task A_user_that_is_taken_from_the_file_gets_nothing_new()
    {
        await WriteCredentialsAsync("# staff", "alice:wonderland", "bob:builder");
        using var node = await TurnNode.StartAsync(secure: false, "--users-file", CredentialFile);
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, StunTransport.Udp, TurnCredential.FromPassword("bob", "builder")));
        await WriteCredentialsAsync("alice:wonderland");
        await node.WaitForLineAsync("were read again");
        Assert.True(await UntilAsync(async () => await RefusalAsync(node, StunTransport.Udp, TurnCredential.FromPassword("bob", "builder")) == StunErrorCode.Unauthenticated));
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, StunTransport.Udp, TurnCredential.FromPassword("alice", "wonderland")));
    }

    [Fact]
    public async Task An_access_token_opens_an_allocation_until_its_key_is_taken_from_the_file()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        await WriteCredentialsAsync($"north:{Convert.ToBase64String(key)}");
        using var node = await TurnNode.StartAsync(secure: false, "--token-keys-file", CredentialFile, "--server-name", "relay.test", "--user", "alice:wonderland");
        var mac = RandomNumberGenerator.GetBytes(32);
        using var random = RandomNumberGenerator.Create();
        var token = TurnCredential.FromToken("north", new AccessToken(mac, DateTimeOffset.UtcNow, TimeSpan.FromMinutes(5)).Mint(key, "relay.test"u8, random), mac);
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, StunTransport.Tcp, token));
        Assert.Equal(StunErrorCode.None, await RefusalAsync(node, StunTransport.Udp, TurnCredential.FromPassword("alice", "wonderland")));
        await WriteCredentialsAsync($"south:{Convert.ToBase64String(key)}");
        await node.WaitForLineAsync("were read again");
        Assert.True(await UntilAsync(async () => await RefusalAsync(node, StunTransport.Tcp, token) == StunErrorCode.Unauthenticated));
    }

    /// <summary>The code that a new allocation is refused with, or None; what was allocated ends with the connection or is given back.</summary>
    private static async Task<StunErrorCode> RefusalAsync(TurnNode node, StunTransport transport, TurnCredential credential)
    {
        await using var session = await node.ConnectAsync(transport, credential);
        var told = await TurnNode.AllocateAsync(session);
        if (told is TurnClientCommand.RequestFailed failed)
            return failed.Code;
        Assert.IsType<TurnClientCommand.Allocated>(told);
        await session.DoAsync((client, now, list) => client.Close(now, list), CancellationToken.None);
        _ = await session.WaitAsync(answer => answer is TurnClientCommand.Closed, TimeSpan.FromSeconds(5), CancellationToken.None);
        return StunErrorCode.None;
    }

    /// <summary>Shards take over one after the other, within moments.</summary>
    private static async Task<bool> UntilAsync(Func<Task<bool>> condition)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            if (await condition())
                return true;
            await Task.Delay(20);
        }

        return false;
    }

    private static TurnCredential Timed(string secret)
    {
        var issued = TimedCredential.Issue(Encoding.UTF8.GetBytes(secret), DateTimeOffset.UtcNow.AddMinutes(5), "gateway-17");
        return TurnCredential.FromPassword(issued.Username, issued.Password);
    }

    /// <summary>Replaces the file by rename, as secret stores and editors do.</summary>
    private async Task WriteCredentialsAsync(params string[] lines)
    {
        await File.WriteAllLinesAsync(CredentialFile + ".new", lines);
        File.Move(CredentialFile + ".new", CredentialFile, overwrite: true);
    }

    private void WriteCertificate(string name) => TestCertificate.Write(name, CertificateFile, KeyFile);
}
