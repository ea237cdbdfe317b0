using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.IO.Tests.Server;

/// <summary><c>mediarelay ca</c> as an operator uses it, with the mistakes an operator makes.</summary>
public sealed class AuthorityCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ca-command").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task A_gateway_that_gets_a_certificate_is_registered()
    {
        await ExpectAsync(0, "", "init");
        await ExpectAsync(0, "", "issue", "--gateway", "gw-7", "--home", "home-3", "--out", Path.Combine(_folder, "gw-7"));
        await using SqliteStorage storage = SqliteStorage.Open(_folder);
        Assert.Equal("home-3", storage.Gateways.Find("gw-7")?.Home);
        Assert.True(File.Exists(Path.Combine(_folder, "gw-7", "gateway.key")));
    }

    [Fact]
    public async Task A_serial_number_with_a_slip_is_refused_and_nothing_is_revoked()
    {
        await ExpectAsync(0, "", "init");
        await ExpectAsync(64, "mediarelay: \"4F12\" is no serial number of this authority: it has 32 hexadecimal digits. 'openssl x509 -noout -serial -in gateway.crt' shows it.\n", "revoke", "4F12");
        Assert.False(File.Exists(Path.Combine(_folder, "authority", "revoked.txt")));
        await ExpectAsync(0, "", "revoke", "74:fa:6d:89:3f:08:e3:1a:fc:cf:72:ca:f0:a1:5b:26");
        await ExpectAsync(0, "", "revoke", "74FA6D893F08E31AFCCF72CAF0A15B26");
        Assert.StartsWith("74FA6D893F08E31AFCCF72CAF0A15B26 ", Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder, "authority", "revoked.txt"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_life_that_is_none_is_a_sentence()
    {
        await ExpectAsync(0, "", "init");
        using MediaRelayProcess program = Start("issue", "--gateway", "gw-7", "--days", "-5");
        Assert.NotEqual(0, await program.WaitForExitAsync());
        Assert.StartsWith("--days is -5; give a number from 1 to 3650.", program.Errors, StringComparison.Ordinal);
    }

    private async Task ExpectAsync(int code, string errors, params string[] arguments)
    {
        using MediaRelayProcess program = Start(arguments);
        Assert.Equal(code, await program.WaitForExitAsync());
        Assert.Equal(errors, program.Errors);
    }

    private MediaRelayProcess Start(params string[] arguments) => MediaRelayProcess.Start([.. arguments.Prepend("ca"), "--data", _folder]);
}
