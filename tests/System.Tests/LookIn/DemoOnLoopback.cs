using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using MediaRelay.Server.Demo;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>The demo on this machine's loopback with ports of its own, for tests without a browser; it ends with them.</summary>
public sealed class DemoOnLoopback : IAsyncLifetime
{
    private Process? _demo;

    internal JsonElement Facts { get; private set; }

    internal Uri Portal => new(Facts.GetProperty("portal").GetString()!);

    internal int DemoId => _demo!.Id;

    internal int GatewayId => Facts.GetProperty("gateway").GetProperty("processId").GetInt32();

    internal string Metrics => Facts.GetProperty("metrics").GetString()!;

    public async Task InitializeAsync()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "mediarelay.dll");
        _demo = Process.Start(new ProcessStartInfo("dotnet", [program, "demo", "--json", "--https-port", "0", "--metrics", $"127.0.0.1:{DemoSettings.FreePort()}"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (await _demo.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (!line.StartsWith('{'))
                continue;
            Facts = JsonSerializer.Deserialize<JsonElement>(line);
            _ = _demo.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return;
        }

        throw new InvalidOperationException("The demo ended before it was ready.");
    }

    public async Task DisposeAsync()
    {
        if (_demo is null)
            return;
        using (Process kill = Process.Start("kill", ["-TERM", _demo.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        if (!_demo.WaitForExit(15_000))
            _demo.Kill(entireProcessTree: true);
        _demo.Dispose();
    }

    internal string TokenOf(string role) =>
        Facts.GetProperty("whep").EnumerateArray().Single(u => u.GetProperty("role").GetString() == role).GetProperty("token").GetString()!;

    internal HttpClient Client(string role)
    {
        // The demo's authority is made for each run; that the certificate is of one is what can be said beforehand.
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, c, _, _) => c?.Issuer.Contains("MediaRelay", StringComparison.Ordinal) == true } };
        var client = new HttpClient(handler) { BaseAddress = Portal, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(role));
        return client;
    }
}
