using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace MediaRelay.System.Tests.LookIn;

/// <summary><c>mediarelay demo --json</c> as a child process: what it said of itself, clients for its portal, and its planned end.</summary>
internal sealed class DemoProcess : IDisposable
{
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(90);
    private readonly Process _process;

    private DemoProcess(Process process, JsonElement facts) => (_process, Facts) = (process, facts);

    /// <summary>The JSON line.</summary>
    public JsonElement Facts { get; }

    public int Id => _process.Id;

    public int GatewayId => Facts.GetProperty("gateway").GetProperty("processId").GetInt32();

    public Uri Portal => new(Facts.GetProperty("portal").GetString()!);

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="before">What runs the program, e.g. <c>nsenter</c> with its options; it has to become the program.</param>
    /// <param name="arguments">Arguments behind <c>demo --json</c>.</param>
    public static async Task<DemoProcess> StartAsync(string[] before, params string[] arguments)
    {
        string[] command = [.. before, "dotnet", Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), "demo", "--json", .. arguments];
        Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        using var limit = new CancellationTokenSource(s_start);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (!line.StartsWith('{'))
                continue;
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new DemoProcess(process, JsonSerializer.Deserialize<JsonElement>(line));
        }

        throw new InvalidOperationException("The demo ended before it was ready.");
    }

    public string PasswordOf(string user) => Find("users", "name", user).GetProperty("password").GetString()!;

    public string TokenOf(string role) => Find("whep", "role", role).GetProperty("token").GetString()!;

    /// <summary>A client of the portal with the token of a role.</summary>
    public HttpClient Client(string role, SocketsHttpHandler? handler = null)
    {
        handler ??= new SocketsHttpHandler();
        // The demo's authority is made for each run; that the certificate is of one is what can be said beforehand.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer.Contains("MediaRelay", StringComparison.Ordinal) == true;
        var client = new HttpClient(handler) { BaseAddress = Portal, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TokenOf(role));
        return client;
    }

    /// <summary>Asks it to end, and insists after a while.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
            if (!_process.WaitForExit(15_000))
                _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private JsonElement Find(string list, string key, string value) => Facts.GetProperty(list).EnumerateArray().Single(u => u.GetProperty(key).GetString() == value);
}
