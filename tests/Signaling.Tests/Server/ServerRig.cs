using System.Security.Cryptography.X509Certificates;
using System.Text;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>A real Event Server on a port of the system's choice, with its own authority, database and two gateways.</summary>
public sealed class ServerRig : IAsyncDisposable
{
    public const string GatewayId = "gw-0001";
    public const string Other = "gw-0002";
    public const string Password = "correct horse";

    private readonly ServiceProvider _services;
    private readonly List<IHostedService> _hosted;

    private ServerRig(string folder, SignalingOptions options, TimeProvider? time)
    {
        Folder = folder;
        Options = options;
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs));
        if (time is not null)
            services.AddSingleton(time);
        services.AddSignaling(options, folder);
        _services = services.BuildServiceProvider();
        _hosted = [.. _services.GetServices<IHostedService>()];
    }

    public string Folder { get; }

    public SignalingOptions Options { get; }

    public MemoryLogs Logs { get; } = new();

    public IStorage Storage => _services.GetRequiredService<IStorage>();

    public GatewayLinks Links => _services.GetRequiredService<GatewayLinks>();

    public OperatorAuthority Authority => _services.GetRequiredService<OperatorAuthority>();

    public SecretBox Box => _services.GetRequiredService<SecretBox>();

    public SqliteStorage Sqlite => _services.GetRequiredService<SqliteStorage>();

    public Uri Address => new($"https://127.0.0.1:{Server.Endpoint!.Port}");

    public string CaFile => Path.Combine(Folder, "authority", "ca.crt");

    public EventServer Server => _services.GetRequiredService<EventServer>();

    public static async Task<ServerRig> StartAsync(Action<SignalingOptions>? change = null, string? folder = null, TimeProvider? time = null)
    {
        var options = new SignalingOptions { GatewayListen = "127.0.0.1:0" };
        change?.Invoke(options);
        bool isNew = folder is null || !Directory.Exists(Path.Combine(folder, "authority"));
        folder ??= Directory.CreateTempSubdirectory("sma-server").FullName;
        if (isNew)
            Prepare(folder);
        var rig = new ServerRig(folder, options, time);
        if (isNew)
            await rig.RegisterAsync();
        foreach (IHostedService service in rig._hosted)
            await service.StartAsync(CancellationToken.None);
        return rig;
    }

    public static void Prepare(string folder)
    {
        string authority = Path.Combine(folder, "authority");
        using OperatorAuthority made = OperatorAuthority.Create(authority, "Test operator", DateTimeOffset.UtcNow);
        IssuedCertificate server = made.IssueServer(["127.0.0.1", "localhost"], TimeSpan.FromDays(30), DateTimeOffset.UtcNow);
        File.WriteAllText(Path.Combine(authority, "server.crt"), server.CertificatePem);
        File.WriteAllText(Path.Combine(authority, "server.key"), server.KeyPem);
        foreach (string gateway in new[] { GatewayId, Other })
        {
            IssuedCertificate issued = made.IssueGateway(gateway, TimeSpan.FromDays(90), DateTimeOffset.UtcNow);
            File.WriteAllText(Path.Combine(folder, gateway + ".crt"), issued.CertificatePem);
            File.WriteAllText(Path.Combine(folder, gateway + ".key"), issued.KeyPem);
        }
    }

    public X509Certificate2 CertificateOf(string gateway) => X509Certificate2.CreateFromPemFile(Path.Combine(Folder, gateway + ".crt"), Path.Combine(Folder, gateway + ".key"));

    public SmaHttpLink Link(string gateway = GatewayId, bool digest = false) => new(
        gateway, [Address], X509CertificateLoader.LoadCertificateFromFile(CaFile), digest ? null : CertificateOf(gateway), digest ? Password : null);

    public static byte[] EventsDocument(string gateway, string epoch, params SmaEvent[] events)
    {
        var x = new XmlOutput();
        SmaWriter.WriteEvents(x, gateway, epoch, events);
        return x.Written.ToArray();
    }

    public static SmaEvent Event(ulong seq, string kind = "log", EventPriority priority = EventPriority.Status, string? id = null) =>
        new() { Id = id ?? $"e-{seq}", Seq = seq, Time = DateTimeOffset.UtcNow, Kind = kind, Priority = priority };

    public static async Task<SmaAnswer> PostAsync(ISmaLink link, string path, byte[] body) =>
        await link.SendAsync("POST", path, body, null, TimeSpan.FromSeconds(20), CancellationToken.None);

    public static async Task<EventsAccepted> PostEventsAsync(ISmaLink link, string gateway, string epoch, params SmaEvent[] events)
    {
        SmaAnswer answer = await PostAsync(link, $"/sma/1/gw/{gateway}/events", EventsDocument(gateway, epoch, events));
        Assert.True(answer.Status == 202, $"{answer.Status} {Encoding.UTF8.GetString(answer.Body)}");
        Assert.True(SmaReader.TryReadAccepted(answer.Body, out EventsAccepted accepted, out SmaFault fault), fault.Text);
        return accepted;
    }

    public static async Task UntilAsync(Func<bool> condition, string what, double seconds = 15)
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(seconds), "not in time: " + what);
            await Task.Delay(10);
        }
    }

    public async Task StopAsync()
    {
        foreach (IHostedService service in Enumerable.Reverse(_hosted))
            await service.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, true);
    }

    private async Task RegisterAsync()
    {
        foreach (string gateway in new[] { GatewayId, Other })
        {
            await Storage.Gateways.SaveAsync(new GatewayRecord
            {
                Id = gateway,
                Home = "home-" + gateway,
                DigestSecret = DigestAuthenticator.Seal(Box, DigestAlgorithm.Sha256, gateway, Options.DigestRealm, Password),
                DigestSecretMd5 = gateway == Other ? DigestAuthenticator.Seal(Box, DigestAlgorithm.Md5, gateway, Options.DigestRealm, Password) : null,
                ClaimDigest = ClaimCode.Digest("AAAAA-BBBBB-CCCCC-DDDDD"),
                ClaimUntil = DateTimeOffset.UtcNow.AddDays(1),
            });
        }
    }
}
