using System.Security.Cryptography;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.IO.Storage.Sqlite;

/// <summary>The gateways in SQLite.</summary>
internal sealed class SqliteGatewayRegistry(SqliteStorage storage) : IGatewayRegistry
{
    private const string Columns = "id, home, subscriber, enabled, digest, digest_md5, claim, claim_until, serial, not_after, software, config_active, presence, last_seen";

    public GatewayRecord? Find(string gateway) => storage.Read(database => Load(database, gateway));

    public IReadOnlyList<GatewayRecord> List(string after, int max) => storage.Read(database =>
    {
        var records = new List<GatewayRecord>();
        SqliteStatement rows = database.Statement($"SELECT {Columns} FROM gateways WHERE id>? ORDER BY id LIMIT ?").Bind(after).Bind(max);
        while (rows.Step())
            records.Add(Row(rows));
        return records;
    });

    public Task SaveAsync(GatewayRecord record) => storage.Writer.RunAsync(
        database =>
        {
            Store(database, record);
            return true;
        },
        _ => storage.Notifications.Publish(INotifications.Gateways, record.Id));

    public Task<bool> ChangeAsync(string gateway, Func<GatewayRecord, GatewayRecord?> change) => storage.Writer.RunAsync(
        database =>
        {
            if (Load(database, gateway) is not { } record || change(record) is not { } changed)
                return false;
            Store(database, changed);
            return true;
        },
        _ => storage.Notifications.Publish(INotifications.Gateways, gateway));

    public Task NoteSeenAsync(IReadOnlyList<GatewaySeen> seen) => storage.Writer.RunAsync(database =>
    {
        foreach (GatewaySeen one in seen)
            database.Statement("UPDATE gateways SET presence=?, last_seen=? WHERE id=?").Bind((long)one.Presence).Bind(one.At).Bind(one.Gateway).Run();
        return true;
    });

    public GatewayConfiguration? Configuration(string gateway) => storage.Read(database =>
    {
        SqliteStatement query = database.Statement("SELECT config_version, config FROM gateways WHERE id=?").Bind(gateway);
        GatewayConfiguration? configuration = query.Step() && !query.IsNull(0) ? new GatewayConfiguration(query.Text(0), query.Blob(1)) : null;
        query.Reset();
        return configuration;
    });

    public Task SaveConfigurationAsync(string gateway, GatewayConfiguration configuration) => storage.Writer.RunAsync(
        database => database.Statement("UPDATE gateways SET config_version=?, config=? WHERE id=?").Bind(configuration.Version).Bind(configuration.Content.Span).Bind(gateway).Run(),
        _ => storage.Notifications.Publish(INotifications.Gateways, gateway));

    private static GatewayRecord? Load(SqliteDatabase database, string gateway)
    {
        SqliteStatement query = database.Statement($"SELECT {Columns} FROM gateways WHERE id=?").Bind(gateway);
        GatewayRecord? record = query.Step() ? Row(query) : null;
        query.Reset();
        return record;
    }

    private static void Store(SqliteDatabase database, GatewayRecord record)
    {
        database.Statement($"""
            INSERT INTO gateways({Columns}, instruction_epoch) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            ON CONFLICT(id) DO UPDATE SET home=excluded.home, subscriber=excluded.subscriber, enabled=excluded.enabled, digest=excluded.digest, digest_md5=excluded.digest_md5,
            claim=excluded.claim, claim_until=excluded.claim_until, serial=excluded.serial, not_after=excluded.not_after, software=excluded.software,
            config_active=excluded.config_active, presence=excluded.presence, last_seen=excluded.last_seen
            """)
            .Bind(record.Id).Bind(record.Home.Length > 0 ? record.Home : record.Id).Bind(record.Subscriber).Bind(record.IsEnabled ? 1 : 0).BindBlob(record.DigestSecret).BindBlob(record.DigestSecretMd5)
            .BindBlob(record.ClaimDigest).Bind(record.ClaimUntil).Bind(record.CertificateSerial).Bind(record.CertificateNotAfter)
            .Bind(record.Software).Bind(record.ConfigActive).Bind((long)record.Presence).Bind(record.LastSeen)
            .Bind(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))).Run();
    }

    private static GatewayRecord Row(SqliteStatement row) => new()
    {
        Id = row.Text(0), Home = row.Text(1), Subscriber = row.Text(2), IsEnabled = row.Number(3) != 0,
        DigestSecret = row.OptionalBlob(4), DigestSecretMd5 = row.OptionalBlob(5), ClaimDigest = row.OptionalBlob(6), ClaimUntil = row.OptionalTime(7),
        CertificateSerial = row.OptionalText(8), CertificateNotAfter = row.OptionalTime(9), Software = row.OptionalText(10), ConfigActive = row.OptionalText(11),
        Presence = (PresenceState)row.Number(12), LastSeen = row.OptionalTime(13),
    };
}
