using System.Diagnostics;
using System.Text.Json;

namespace MediaRelay.Server.Demo;

/// <summary>The home's gateway as a process of its own, ended with the demo.</summary>
internal sealed class DemoGateway(DemoSettings settings, DemoRtspCamera? hall) : IDisposable
{
    private Process? _process;

    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Writes the gateway's configuration and starts it.</summary>
    public void Start(string claim)
    {
        string folder = Path.Combine(settings.Folder, "gateway");
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "gateway.json");
        File.WriteAllText(file, JsonSerializer.Serialize(Configuration(claim, folder)));
        var start = new ProcessStartInfo(settings.Nat is null ? Environment.ProcessPath! : "ip") { RedirectStandardInput = true };
        // "ip netns exec" becomes the program itself, so the process is the gateway's in either case.
        foreach (string argument in settings.Nat is { } nat ? (string[])["netns", "exec", nat.Home, Environment.ProcessPath!] : [])
            start.ArgumentList.Add(argument);
        // Started by "dotnet mediarelay.dll" the process is dotnet, and the program is its first argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"));
        foreach (string argument in (string[])["gateway", "--config", file, "--log-level", "Warning", "--end-with-parent"])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start);
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            // The gateway ends when its standard input closes; killing is for one that hangs.
            _process.StandardInput.Close();
            if (!_process.WaitForExit(3000))
                _process.Kill(entireProcessTree: true);
        }

        _process?.Dispose();
    }

    private object Configuration(string claim, string folder) => new
    {
        Gateway = DemoNode.Gateway,
        Servers = (string[])[$"https://{settings.Listen}:{settings.GatewayPort}"],
        Authority = Path.Combine(settings.Folder, "authority", "ca.crt"),
        Folder = folder,
        Claim = claim,
        ExitDelaySeconds = 10,
        Media = settings.Nat is null ? new { UseLoopback = true, Addresses = (string[])[settings.Listen] } : new { UseLoopback = false, Addresses = (string[])[DemoNat.HomeAddress] },
        Devices = new object[]
        {
            Device("front-door", "contact", "Front door", 1, ("contact", "closed")), Device("kitchen-window", "contact", "Kitchen window", 2, ("contact", "closed")),
            Device("hall-motion", "motion", "Hall motion", 3, ("motion", "no")), Device("smoke", "smoke", "Smoke detector", 4, ("smoke", "no")),
            Device("hall-light", "light", "Hall light", null, ("on", "false"), ("level", "60")), Device("front-lock", "lock", "Front lock", null, ("locked", "true")),
            Device("thermostat", "thermostat", "Living room", null, ("temperature", "20.5"), ("target", "21"), ("mode", "heat")),
            Camera("cam-front", "Front door", settings.Camera ?? "test:?size=1280x720&rate=25&audio=opus"), Camera("cam-hall", "Hall", hall?.Url ?? "test:?size=640x360&rate=15&audio=pcmu", hasSpeaker: true),
        },
        Zones = new object[]
        {
            new { Number = 1, Name = "Front door", Kind = "Delayed", Code = "134", EntryDelaySeconds = 20 }, new { Number = 2, Name = "Kitchen window", Kind = "Instant", Code = "131" },
            new { Number = 3, Name = "Hall motion", Kind = "Instant", Code = "132", ArmedInStay = false }, new { Number = 4, Name = "Smoke detector", Kind = "TwentyFourHour", Code = "111" },
        },
    };

    private static object Device(string @ref, string type, string name, int? zone, params (string Name, string Value)[] values) =>
        new { Ref = @ref, Type = type, Name = name, Zone = zone, Values = values.ToDictionary(v => v.Name, v => v.Value) };

    private object Camera(string @ref, string name, string url, bool hasSpeaker = false) => new { Ref = @ref, Type = "camera", Name = name, Protocol = "media", Address = url, TalkBack = url.StartsWith("rtsp", StringComparison.Ordinal) && !hasSpeaker ? null : $"file:{Path.Combine(settings.Folder, $"{@ref}-talk.wav")}" };
}
