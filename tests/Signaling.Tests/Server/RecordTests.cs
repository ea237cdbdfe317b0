using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Tests.Support;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>What another process writes about a gateway, e.g. <c>mediarelay ca</c>, reaches the running server within 30 s.</summary>
public sealed class RecordTests : IAsyncLifetime
{
    private const string Base = "/sma/1/gw/" + GatewayId;

    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);
    private ServerRig _rig = null!;

    public async Task InitializeAsync() => _rig = await ServerRig.StartAsync(time: _time);

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task A_gateway_that_another_process_switched_off_is_refused_and_served_again_when_it_is_on()
    {
        using SmaHttpLink link = _rig.Link();
        Assert.Equal(404, await StatusAsync(link));
        await using SqliteStorage other = SqliteStorage.Open(_rig.Folder);
        await other.Gateways.ChangeAsync(GatewayId, record => record with { IsEnabled = false });
        _time.Advance(TimeSpan.FromSeconds(31));
        SmaAnswer refused = await link.SendAsync("GET", Base + "/config", default, null, TimeSpan.FromSeconds(20), CancellationToken.None);
        Assert.Equal(403, refused.Status);
        Assert.Contains("code=\"disabled\"", System.Text.Encoding.UTF8.GetString(refused.Body), StringComparison.Ordinal);
        await other.Gateways.ChangeAsync(GatewayId, record => record with { IsEnabled = true });
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(404, await StatusAsync(link));
    }

    [Fact]
    public async Task A_new_digest_password_from_another_process_replaces_the_old_one()
    {
        using SmaHttpLink link = _rig.Link(digest: true);
        Assert.Equal(404, await StatusAsync(link));
        await using SqliteStorage other = SqliteStorage.Open(_rig.Folder);
        using SecretBox box = SecretBox.Open(Path.Combine(_rig.Folder, "secrets.key"));
        await other.Gateways.ChangeAsync(GatewayId, record => record with { DigestSecret = GatewaySecrets.Seal(box, DigestAlgorithm.Sha256, GatewayId, _rig.Options.DigestRealm, "another") });
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(401, await StatusAsync(link));
        await other.Gateways.ChangeAsync(GatewayId, record => record with { DigestSecret = GatewaySecrets.Seal(box, DigestAlgorithm.Sha256, GatewayId, _rig.Options.DigestRealm, Password) });
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(404, await StatusAsync(link));
    }

    [Fact]
    public async Task A_sign_of_life_whose_write_failed_is_written_again_though_the_gateway_stays_silent()
    {
        using SmaHttpLink link = _rig.Link();
        Assert.Equal(404, await StatusAsync(link));
        using (var other = new SqliteDatabase(Path.Combine(_rig.Folder, SqliteStorage.FileName), readOnly: false))
        {
            other.Execute("BEGIN IMMEDIATE");
            _time.Advance(TimeSpan.FromSeconds(11));
            await UntilAsync(() => _rig.Logs.Lines.Any(line => line.Contains("4003 ", StringComparison.Ordinal)), "the write failed");
            other.Execute("ROLLBACK");
        }

        Assert.Null(_rig.Storage.Gateways.Find(GatewayId)!.LastSeen);
        _time.Advance(TimeSpan.FromSeconds(11));
        await UntilAsync(() => _rig.Storage.Gateways.Find(GatewayId)!.LastSeen is not null, "the sign of life is stored");
    }

    private static async Task<int> StatusAsync(SmaHttpLink link) =>
        (await link.SendAsync("GET", Base + "/config", default, null, TimeSpan.FromSeconds(20), CancellationToken.None)).Status;
}
