using System.Diagnostics;
using System.Globalization;
using System.Net;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Gateways;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Load.Signaling;

/// <summary>The Event Server in a process of its own, so that its memory and CPU are its own. The parent sends one word per line.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, IPEndPoint endpoint)
    {
        _process = process;
        Endpoint = endpoint;
    }

    public IPEndPoint Endpoint { get; }

    public static ServerProcess Start(string folder, int port)
    {
        string program = Environment.ProcessPath!;
        var arguments = new List<string>();
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            arguments.Add(typeof(ServerProcess).Assembly.Location);
        arguments.AddRange(["signaling-server", folder, port.ToString(CultureInfo.InvariantCulture)]);
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        string line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server did not start.");
        return new ServerProcess(process, new IPEndPoint(IPAddress.Loopback, int.Parse(line, CultureInfo.InvariantCulture)));
    }

    public int Id => _process.Id;

    /// <summary>Resident memory after a collection, and the runtime's heap in it; octets.</summary>
    public (long Resident, long Heap) Memory()
    {
        _process.StandardInput.WriteLine("collect");
        long heap = long.Parse(_process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        _process.Refresh();
        return (_process.WorkingSet64, heap);
    }

    public TimeSpan Cpu()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    /// <summary>Queues an instruction whose id carries the moment it was queued.</summary>
    public void Send(string gateway) => _process.StandardInput.WriteLine("send " + gateway);

    /// <summary>Gateways that come for the first time have the product's default rates from now on.</summary>
    public void UseDefaultRates() => _process.StandardInput.WriteLine("rates");

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    /// <summary>The child's side.</summary>
    public static async Task RunAsync(string folder, int port)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        var options = new SignalingOptions
        {
            GatewayListen = $"127.0.0.1:{port}", RequestsPerSecond = 500, EventsPerSecond = 5_000, MaxUnauthenticatedPerAddress = 100_000,
        };
        services.AddSignaling(options, folder);
        await using ServiceProvider provider = services.BuildServiceProvider();
        foreach (IHostedService service in provider.GetServices<IHostedService>())
            await service.StartAsync(CancellationToken.None);
        GatewayLinks links = provider.GetRequiredService<GatewayLinks>();
        Console.WriteLine(provider.GetRequiredService<EventServer>().Endpoint!.Port);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "collect")
            {
                GC.Collect(2, GCCollectionMode.Aggressive, true, true);
                Console.WriteLine(GC.GetTotalMemory(false).ToString(CultureInfo.InvariantCulture));
            }
            else if (line == "rates")
            {
                var usual = new SignalingOptions();
                (options.RequestsPerSecond, options.EventsPerSecond) = (usual.RequestsPerSecond, usual.EventsPerSecond);
            }
            else if (line.StartsWith("send ", StringComparison.Ordinal))
            {
                DateTimeOffset now = DateTimeOffset.UtcNow;
                _ = links.SendAsync(line[5..], new Instruction
                {
                    Id = string.Create(CultureInfo.InvariantCulture, $"t{Stopwatch.GetTimestamp()}"), Time = now, Expires = now.AddMinutes(1), Kind = InstructionKinds.PropertySet,
                    Device = new DeviceBody { Ref = "lamp", Properties = [new DeviceProperty("on", "true")] },
                });
            }
        }
    }
}
