using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.IO.Tests.Signaling.Sessions;
using MediaRelay.Server.Demo;
using MediaRelay.Signaling.IO.Portal;
using Xunit.Abstractions;

namespace MediaRelay.IO.Tests.Server;

/// <summary>
/// <c>mediarelay serve</c> as its defaults make it (only addresses and the folder are given) and <c>mediarelay gateway</c>, which is killed: how long until
/// the people of the home are told.
/// </summary>
public sealed class GatewayKillTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-kill").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_killed_gateway_is_told_within_seconds()
    {
        string data = Path.Combine(_folder, "data"), config = Path.Combine(_folder, "gateway.json");
        int events = DemoSettings.FreePort(), portal = DemoSettings.FreePort();
        await RunAsync("ca", "init", "--data", data, "--server", "127.0.0.1");
        string claim = await RunAsync("ca", "claim", "--data", data, "gw-1", "--home", "home-1");
        string password = await RunAsync("user", "add", "--data", data, "ann", "--role", "HomeOwner", "--home", "home-1", "--gateway", "gw-1");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new
        {
            Gateway = "gw-1", Servers = (string[])[$"https://127.0.0.1:{events}"], Authority = Path.Combine(data, "authority", "ca.crt"), Folder = Path.Combine(_folder, "gateway"), Claim = claim,
            Devices = new object[] { new { Ref = "door", Type = "contact", Name = "Front door" } },
        }));
        using var server = MediaRelayProcess.Start("serve", $"--Node:DataFolder={data}", "--Node:MetricsListen=", $"--Signaling:GatewayListen=127.0.0.1:{events}", $"--Signaling:PortalListen=127.0.0.1:{portal}");
        using var ann = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = new Uri($"https://127.0.0.1:{portal}") };
        await LogInAsync(ann, password);
        for (int run = 1; run <= 3; run++)
        {
            using var gateway = MediaRelayProcess.Start("gateway", "--config", config);
            // Connected for a while, so that its first questions are answered and it waits for instructions, as it does nearly always.
            int seen = 0;
            await UntilAsync(async () => (seen = await StateAsync(ann) == "connected" ? seen + 1 : 0) == 20);
            using NoticeReader page = await NoticeReader.OpenAsync(ann, "/api/events");
            Assert.NotEqual("", await page.NextAsync("hello"));
            var clock = Stopwatch.StartNew();
            await gateway.KillAsync();
            string state;
            do
            {
                // Each change of the home makes the page ask again; one of them is the gateway's.
                Assert.NotEqual("", await page.NextAsync("\"home\":\"home-1\""));
                state = await StateAsync(ann);
            }
            while (state == "connected");
            TimeSpan told = clock.Elapsed;
            output.WriteLine(FormattableString.Invariant($"run {run}: the page knows that the gateway is {state} {told.TotalMilliseconds:0} ms after it was killed"));
            Assert.Equal("suspect", state);
            Assert.InRange(told, TimeSpan.Zero, s_bound);
        }
    }

    private static async Task<string> StateAsync(HttpClient ann) =>
        (await ann.GetFromJsonAsync<JsonElement>("/api/homes/home-1")).GetProperty("gateway").GetProperty("state").GetString()!;

    private static async Task LogInAsync(HttpClient ann, string password)
    {
        HttpResponseMessage? answer = null;
        await UntilAsync(async () =>
        {
            try
            {
                answer = await ann.PostAsJsonAsync("/api/login", new { user = "ann", password });
                return true;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
                return false;
            }
        });
        string body = await answer!.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        ann.DefaultRequestHeaders.Add(PortalGuard.CsrfHeader, JsonSerializer.Deserialize<JsonElement>(body).GetProperty("csrf").GetString());
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < s_patience, "What was waited for did not come within a minute.");
            await Task.Delay(50);
        }
    }

    /// <summary>Runs a command to its end and gives the last line it printed.</summary>
    private static async Task<string> RunAsync(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), .. arguments]) { RedirectStandardOutput = true })!;
        string printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {process.ExitCode}: {printed}");
        return printed.TrimEnd().Split('\n')[^1].Trim();
    }
}
