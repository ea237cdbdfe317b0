using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MediaRelay.IO.Tests.Signaling.Portal;

/// <summary>A portal on loopback with one home, one gateway record and a person of every role; real Kestrel, real SQLite.</summary>
public sealed class PortalNode : IAsyncLifetime
{
    public const string Password = "correct horse battery";

    /// <summary>The one foreign origin whose pages may look in.</summary>
    public const string FriendlyOrigin = "https://player.example.org";

    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-portal").FullName;
    private IHost _host = null!;
    private ulong _seq;

    /// <summary>What operators ask for bandwidth.</summary>
    internal RecordedNetwork Network { get; } = new();

    /// <summary>The time of the node.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The application manager; null for a node without one.</summary>
    internal ISessionGates? Gates { get; init; }

    /// <summary>Where uploaded clips and stills lie.</summary>
    internal string Clips => Path.Combine(_folder, "clips");

    public Uri Address => new($"https://127.0.0.1:{_host.Services.GetRequiredService<PortalServer>().Endpoint!.Port}");

    internal T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public async Task InitializeAsync()
    {
        var options = new SignalingOptions { GatewayListen = "", PortalListen = "127.0.0.1:0", SecondFactor = SecondFactorRule.Optional, WhepOrigins = [FriendlyOrigin] };
        OperatorAuthority authority = OperatorAuthority.Create(Path.Combine(_folder, "authority"), "test", Time.GetUtcNow());
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddLogging();
        builder.Services.AddSingleton(authority);
        builder.Services.AddSingleton(Time);
        if (Gates is not null)
            builder.Services.AddSingleton(Gates);
        builder.Services.AddSignaling(options, _folder);
        builder.Services.AddSingleton<INetworkGates>(Network);
        builder.Services.AddPortal(options, _folder, pages: null);
        _host = builder.Build();
        IStorage storage = Get<IStorage>();
        await storage.Gateways.SaveAsync(new GatewayRecord { Id = "gw-1", Home = "h1" });
        await Get<HomeRecords>().SaveAsync(new HomeRecord
        {
            Id = "h1", Name = "Ann's home", Gateway = "gw-1",
            Devices = [new("door", "contact", "front door", "simulated", 1, 3), new("cam-1", "camera", "hall", "test", null, null)],
        });
        PortalUsers users = Get<PortalUsers>();
        await users.CreateAsync("ann", "Ann", ActorRole.HomeOwner, "h1", Password);
        await users.CreateAsync("olga", "Olga", ActorRole.CentralStationOperator, null, Password);
        await users.CreateAsync("sue", "Sue", ActorRole.CentralStationSupervisor, null, Password);
        await users.CreateAsync("mso", "Max", ActorRole.MsoOperator, null, Password);
        await users.CreateAsync("bob", "Bob", ActorRole.HomeOwner, "h2", Password);
        await _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A browser that is logged in as the user; null for one that is not.</summary>
    internal async Task<HttpClient> BrowserAsync(string? user)
    {
        var handler = new HttpClientHandler { CookieContainer = new CookieContainer(), ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        var client = new HttpClient(handler) { BaseAddress = Address };
        if (user is null)
            return client;
        HttpResponseMessage answer = await client.PostAsJsonAsync("/api/login", new { user, password = Password });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        client.DefaultRequestHeaders.Add(PortalGuard.CsrfHeader, (await JsonOf(answer)).GetProperty("csrf").GetString());
        return client;
    }

    internal static async Task<JsonElement> JsonOf(HttpResponseMessage answer) => JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());

    /// <summary>An event of the gateway, durable when the task completes.</summary>
    internal Task HappensAsync(string kind, string? code = null, ushort? zone = null, MessageBody? body = null, string? mode = null)
    {
        ulong seq = ++_seq;
        var sma = new SmaEvent { Id = $"e{seq}", Seq = seq, Time = Time.GetUtcNow(), Kind = kind, Code = code, Zone = zone, Partition = 1, Mode = mode, Body = body, Priority = EventPriority.Alarm };
        return Get<IStorage>().Events.AppendServerEventAsync("gw-1", sma, Time.GetUtcNow());
    }

    /// <summary>Asks until the condition holds; fails after ten seconds.</summary>
    internal static async Task<JsonElement> UntilAsync(HttpClient client, string path, Func<JsonElement, bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            JsonElement seen = await client.GetFromJsonAsync<JsonElement>(path, limit.Token);
            if (holds(seen))
                return seen;
            await Task.Delay(20, limit.Token);
        }
    }
}
