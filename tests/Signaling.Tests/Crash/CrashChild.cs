using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Signaling.Tests.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.Signaling.Tests.Crash;

/// <summary>The process that the crash tests kill: a storage under writers, an Event Server, or a gateway.</summary>
internal static class CrashChild
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["storage", string folder]:
                await StorageAsync(folder);
                return 0;
            case ["server", string folder, string port]:
                await ServerAsync(folder, int.Parse(port, CultureInfo.InvariantCulture), null);
                return 0;
            case ["server", string folder, string port, string instructions]:
                await ServerAsync(folder, int.Parse(port, CultureInfo.InvariantCulture), instructions);
                return 0;
            case ["gateway", string folder, string data, string port]:
                await GatewayAsync(folder, data, int.Parse(port, CultureInfo.InvariantCulture));
                return 0;
            default:
                await Console.Error.WriteLineAsync("This is a test assembly; run it with 'dotnet test'.");
                return 64;
        }
    }

    /// <summary>Four writers append numbered events; each prints its number once it is durable.</summary>
    private static async Task StorageAsync(string folder)
    {
        SqliteStorage storage = SqliteStorage.Open(folder);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(lane => Task.Run(async () =>
        {
            string epoch = "lane-" + lane;
            ulong seq = await storage.Events.ContiguousAsync("g1", epoch);
            var scratch = new XmlOutput();
            while (true)
            {
                seq++;
                var message = new SmaEvent { Id = $"{epoch}-{seq}", Seq = seq, Time = DateTimeOffset.UtcNow, Kind = "numbered" };
                AppendResult result = await storage.Events.AppendAsync(new EventAppend("g1", epoch, [new PendingEvent(message, scratch)], message.Time));
                lock (storage)
                    Console.WriteLine($"{lane} {result.UpTo}");
            }
        })));
    }

    /// <summary>An Event Server that gives its gateway instructions without end, if asked for; each is printed once it is durable.</summary>
    private static async Task ServerAsync(string folder, int port, string? instructions)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddSignaling(new SignalingOptions { GatewayListen = $"127.0.0.1:{port}", RequestsPerSecond = 100_000, EventsPerSecond = 1_000_000, SessionsPerSecond = 10_000 }, folder);
        await using ServiceProvider provider = services.BuildServiceProvider();
        foreach (IHostedService service in provider.GetServices<IHostedService>())
            await service.StartAsync(CancellationToken.None);
        Console.WriteLine(provider.GetRequiredService<EventServer>().Endpoint!.Port);
        if (instructions is null)
            await Task.Delay(Timeout.Infinite);
        GatewayLinks links = provider.GetRequiredService<GatewayLinks>();
        for (int i = 0; true; i++)
        {
            var instruction = new Instruction { Id = $"{instructions}-{i}", Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddHours(1), Kind = InstructionKinds.TimeHint };
            try
            {
                await links.SendAsync(ServerRig.GatewayId, instruction);
                Console.WriteLine(instruction.Id);
                await Task.Delay(i % 4 * 3);
            }
            catch (StorageException e) when (e.IsQueueFull)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>A gateway with its queue on disk; every instruction it acts on is written to a file the moment before.</summary>
    private static async Task GatewayAsync(string folder, string data, int port)
    {
        using var queue = new FileEventQueue(folder);
        using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(data, "authority", "ca.crt"));
        using var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(data, ServerRig.GatewayId + ".crt"), Path.Combine(data, ServerRig.GatewayId + ".key"));
        using var link = new SmaHttpLink(ServerRig.GatewayId, [new Uri($"https://127.0.0.1:{port}")], authority, certificate, null);
        using var acted = new FileStream(Path.Combine(folder, "acted.log"), FileMode.Append, FileAccess.Write, FileShare.Read, 1);
        using var runtime = new GatewayRuntime(new GatewayProfile { Id = ServerRig.GatewayId }, queue, link, [new SimulatedAdaptor()], new NoMedia(), TimeProvider.System, NullLogger.Instance)
        {
            InstructionBegun = instruction => acted.Write(System.Text.Encoding.ASCII.GetBytes(instruction.Id + "\n")),
        };
        Task running = runtime.RunAsync(CancellationToken.None);
        Console.WriteLine("ready");
        while (!running.IsCompleted)
        {
            runtime.Emit(new SmaEvent { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "numbered" });
            await Task.Delay(3);
        }
    }
}
