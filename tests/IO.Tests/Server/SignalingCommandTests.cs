using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.IO.Tests.Server;

/// <summary>The authority, the journal and the simulated homes as an operator uses them: what is mistyped is a sentence and changes nothing.</summary>
public sealed class SignalingCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("signaling-commands").FullName;

    private string Revoked => Path.Combine(_folder, "authority", "revoked.txt");

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("hello")]
    [InlineData("")]
    [InlineData("4F12 4F13")]
    [InlineData("00112233445566778899AABBCCDDEEFF0011223344")]
    public async Task A_serial_number_that_is_none_revokes_nothing(string serial)
    {
        await InitAsync();
        Assert.Equal((64, $"mediarelay: \"{serial}\" is no serial number. Give its 1 to 40 hexadecimal digits, as 'openssl x509 -serial' shows them.\n"), await RunAsync("ca", "revoke", "--data", _folder, serial));
        Assert.False(File.Exists(Revoked));
    }

    [Theory]
    [InlineData("serial=4f12ab")]
    [InlineData("4F:12:AB")]
    [InlineData("0x4F12AB")]
    public async Task A_serial_number_is_taken_as_tools_show_it(string serial)
    {
        await InitAsync();
        Assert.Equal((0, ""), await RunAsync("ca", "revoke", "--data", _folder, serial));
        Assert.StartsWith("4F12AB ", await File.ReadAllTextAsync(Revoked), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mediarelay: \"a b\" is neither a DNS name nor an address.\n", "--server", "a b")]
    [InlineData("mediarelay: \"\" is neither a DNS name nor an address.\n", "--server", "")]
    public async Task A_server_certificate_is_made_for_names_only(string sentence, params string[] words)
    {
        await InitAsync();
        Assert.Equal((64, sentence), await RunAsync(["ca", "issue", "--data", _folder, .. words]));
        Assert.False(File.Exists(Path.Combine(_folder, "authority", "server.crt")));
    }

    [Theory]
    [InlineData("--days needs 1 to 3650.", "ca", "issue", "--gateway", "gw-1", "--days", "-5")]
    [InlineData("--days needs 1 to 3650.", "ca", "issue", "--gateway", "gw-1", "--days", "99999999")]
    [InlineData("--days needs 1 to 3650.", "ca", "claim", "gw-1", "--days", "0")]
    [InlineData("--count needs 1 to 99999.", "gateway", "simulate", "--count", "-1")]
    [InlineData("--loss needs 0 to 1.", "gateway", "simulate", "--loss", "5")]
    [InlineData("--reorder needs 0 to 1.", "gateway", "simulate", "--reorder", "NaN")]
    [InlineData("--seconds needs 0 to 604800.", "gateway", "simulate", "--seconds", "-1")]
    public async Task A_number_out_of_range_is_said_to_be(string sentence, params string[] words)
    {
        (int code, string errors) = await RunAsync([.. words, "--data", _folder]);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.NotEqual(0, code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("claim")]
    [InlineData("digest")]
    public async Task A_mistyped_data_folder_gets_no_gateway(string command)
    {
        string elsewhere = Path.Combine(_folder, "dta");
        (int code, string errors) = await RunAsync("ca", command, "--data", elsewhere, "gw-1");
        Assert.Equal(1, code);
        Assert.StartsWith($"mediarelay: {Path.Combine(elsewhere, "authority", "ca.crt")} does not exist.", errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(elsewhere));
    }

    [Fact]
    public async Task A_gateway_is_switched_off_and_on_and_one_that_is_not_registered_is_said_to_be_none()
    {
        await InitAsync();
        Assert.Equal((0, ""), await RunAsync("ca", "claim", "--data", _folder, "gw-1"));
        Assert.Equal((0, ""), await RunAsync("ca", "disable", "--data", _folder, "gw-1"));
        Assert.False(await IsEnabledAsync("gw-1"));
        Assert.Equal((0, ""), await RunAsync("ca", "enable", "--data", _folder, "gw-1"));
        Assert.True(await IsEnabledAsync("gw-1"));
        Assert.Equal((1, "mediarelay: The gateway gw-2 is not registered.\n"), await RunAsync("ca", "disable", "--data", _folder, "gw-2"));
        Assert.Equal((0, ""), await RunAsync("journal", "verify", "--data", _folder));
    }

    private async Task<bool> IsEnabledAsync(string gateway)
    {
        await using SqliteStorage storage = SqliteStorage.OpenReadOnly(_folder);
        return storage.Gateways.Find(gateway)!.IsEnabled;
    }

    [Fact]
    public async Task What_the_command_line_does_to_accounts_and_gateways_is_in_the_audit_without_any_secret()
    {
        await InitAsync();
        string[][] commands =
        [
            ["ca", "claim", "--data", _folder, "gw-1", "--home", "h1"], ["user", "add", "--data", _folder, "ann", "--role", "HomeOwner", "--home", "h1"], ["user", "token", "--data", _folder, "ann", "--for", "kitchen"],
            ["user", "password", "--data", _folder, "ann"], ["user", "remove", "--data", _folder, "ann"], ["ca", "revoke", "--data", _folder, "4F12AB"],
        ];
        foreach (string[] words in commands)
            Assert.Equal((0, ""), await RunAsync(words));
        Assert.Equal(64, (await RunAsync("user", "remove", "--data", _folder, "ann")).Code);
        await using SqliteStorage storage = SqliteStorage.Open(_folder);
        Assert.Equal(
            ["allowed mediarelay ca claim gw-1", "allowed mediarelay user add ann as HomeOwner", "allowed mediarelay user token ann for kitchen", "allowed mediarelay user password ann", "allowed mediarelay user remove ann",
                "allowed mediarelay ca revoke 4F12AB", "allowed mediarelay user remove ann", "failed mediarelay user remove ann"],
            storage.Audit.Read(null, null, 20).Reverse().Select(r => $"{r.Result} {r.Detail}"));
        Assert.Null(storage.Audit.Verify());
    }

    private async Task InitAsync() => Assert.Equal((0, ""), await RunAsync("ca", "init", "--data", _folder));

    private static async Task<(int Code, string Errors)> RunAsync(params string[] words)
    {
        using var program = MediaRelayProcess.Start(words);
        int code = await program.WaitForExitAsync();
        return (code, program.Errors);
    }
}
