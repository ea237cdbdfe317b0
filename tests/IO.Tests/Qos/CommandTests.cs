using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.IO.Tests.Server;

namespace MediaRelay.IO.Tests.Qos;

/// <summary>The program itself: CMTS, policy server and application manager as three processes, a gate by HTTP.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly List<MediaRelayProcess> _processes = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-qos-").FullName;

    public void Dispose()
    {
        foreach (MediaRelayProcess process in _processes) process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_foreign_application_server_gets_a_gate_through_all_three_programs()
    {
        MediaRelayProcess cmts = Start("cmts", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--dsa-delay", "5ms", "--service-class", "G711:ugs:grant=232,interval=20000,jitter=800");
        string line = await cmts.WaitForLineAsync("Emulated CMTS on ");
        string cmtsAddress = line.Split("on ")[1].Split(',')[0], page = line.Split("http://")[1].Split('/')[0];
        string rules = Path.Combine(_folder, "rules.json");
        await File.WriteAllTextAsync(rules, """{ "maxGatesPerSubscriber": 8, "rewrite": { "maxPriority": 5 } }""");
        MediaRelayProcess server = Start("policy-server", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--cmts", $"10.1.0.0/16={cmtsAddress}", "--rules", rules);
        string serverAddress = (await server.WaitForLineAsync("Policy server on ")).Split("on ")[1].Split(',')[0];
        int port = FreePort();
        MediaRelayProcess manager = Start(
            "serve", "--Node:MetricsListen=127.0.0.1:0", $"--Qos:PolicyServers:0={serverAddress}", $"--Qos:JournalFile={Path.Combine(_folder, "gates.journal")}",
            $"--Qos:ApplicationServerListen=127.0.0.1:{port}", "--Qos:RequestDeadline=10s");
        Assert.True(manager.Id > 0);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(20) };
        await Until(async () => await client.GetFromJsonAsync<JsonElement>("/qos/v1/status") is var s && s.GetProperty("connected").GetBoolean());

        using HttpResponseMessage response = await client.PostAsJsonAsync("/qos/v1/sessions/look-in-7/gates", new
        {
            gates = new object[]
            {
                new { direction = "Upstream", subscriber = "10.1.0.7", serviceClass = "G711", flows = new[] { new { source = "10.1.0.7:16384", destination = "198.51.100.7:40000" } }, timeLimitSeconds = 600 },
                new { direction = "Upstream", subscriber = "10.1.0.7", serviceClass = "gold", flows = new[] { new { source = "10.1.0.7:16386", destination = "198.51.100.7:40000" } } },
            },
        });
        JsonElement gates = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("gates");
        Assert.Equal(("Set", "Committed"), (gates[0].GetProperty("outcome").GetString(), gates[0].GetProperty("state").GetString()));
        Assert.Equal(("Refused", 11), (gates[1].GetProperty("outcome").GetString(), gates[1].GetProperty("error").GetInt32()));

        using var pages = new HttpClient { BaseAddress = new Uri($"http://{page}") };
        JsonElement view = await pages.GetFromJsonAsync<JsonElement>("/admin/cmts/snapshot");
        Assert.Equal(("10.1.0.7", "UnsolicitedGrant"), (view.GetProperty("gates")[0].GetProperty("subscriber").GetString(), view.GetProperty("gates")[0].GetProperty("scheduling").GetString()));
        Assert.Contains("Emulated CMTS", await pages.GetStringAsync("/admin/cmts"), StringComparison.Ordinal);
        MediaRelayProcess top = Start("cmts", "top", "--metrics", page, "--once");
        Assert.Contains("1 gates", await top.WaitForLineAsync("gates"), StringComparison.Ordinal);

        using HttpResponseMessage wrong = await client.PostAsJsonAsync("/qos/v1/sessions/s/gates", new { gates = new[] { new { subscriber = "home" } } });
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, wrong.StatusCode);
        using HttpResponseMessage gone = await client.DeleteAsync("/qos/v1/sessions/look-in-7");
        Assert.Equal(System.Net.HttpStatusCode.Accepted, gone.StatusCode);
        await Until(async () => (await pages.GetFromJsonAsync<JsonElement>("/admin/cmts/snapshot")).GetProperty("gateCount").GetInt32() == 0);
    }

    [Fact]
    public async Task A_foreign_application_server_with_the_key_changes_and_refreshes_its_gate_and_hears_of_it()
    {
        MediaRelayProcess cmts = Start("cmts", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--service-class", "G711:ugs:grant=232,interval=20000,jitter=800");
        string line = await cmts.WaitForLineAsync("Emulated CMTS on ");
        string page = line.Split("http://")[1].Split('/')[0], key = Path.Combine(_folder, "key");
        await File.WriteAllTextAsync(key, "only-for-this-test\n");
        int port = FreePort();
        Start(
            "serve", "--Node:MetricsListen=127.0.0.1:0", $"--Qos:PolicyServers:0={line.Split("on ")[1].Split(',')[0]}", $"--Qos:JournalFile={Path.Combine(_folder, "gates.journal")}",
            $"--Qos:ApplicationServerListen=127.0.0.1:{port}", $"--Qos:ApplicationServerKeyFile={key}", "--Qos:RequestDeadline=10s");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", "only-for-this-test");
        await Until(async () => await client.GetFromJsonAsync<JsonElement>("/qos/v1/status") is var s && s.GetProperty("connected").GetBoolean());
        using (var stranger = new HttpClient { BaseAddress = client.BaseAddress })
        {
            using HttpResponseMessage refused = await stranger.GetAsync(new Uri("/qos/v1/status", UriKind.Relative));
            Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        using var events = new StreamReader(await client.GetStreamAsync(new Uri("/qos/v1/events", UriKind.Relative)));
        object Gate(int port) => new { direction = "Upstream", subscriber = "10.1.0.7", serviceClass = "G711", flows = new[] { new { source = $"10.1.0.7:{port}", destination = "198.51.100.7:40000" } } };
        using HttpResponseMessage asked = await client.PostAsJsonAsync("/qos/v1/sessions/s/gates", new { gates = new[] { Gate(16384) } });
        string gate = (await asked.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("gates")[0].GetProperty("gate").GetString()!;
        Assert.Equal((gate, "Set"), await NextAsync(events));
        using HttpResponseMessage changed = await client.PutAsJsonAsync($"/qos/v1/gates/{gate}", Gate(16390));
        Assert.Equal((System.Net.HttpStatusCode.Accepted, (gate, "Set")), (changed.StatusCode, await NextAsync(events)));
        using HttpResponseMessage refreshed = await client.PostAsync(new Uri($"/qos/v1/gates/{gate}/refresh", UriKind.Relative), null);
        Assert.Equal((System.Net.HttpStatusCode.Accepted, (gate, "Set")), (refreshed.StatusCode, await NextAsync(events)));
        using var pages = new HttpClient { BaseAddress = new Uri($"http://{page}") };
        JsonElement view = await pages.GetFromJsonAsync<JsonElement>("/admin/cmts/snapshot");
        Assert.Equal((1, 3), (view.GetProperty("gateCount").GetInt32(), view.GetProperty("counters").GetProperty("gateSets").GetInt32()));
        using HttpResponseMessage lost = await pages.PostAsync(new Uri("/admin/cmts/modems/10.1.0.7/lose", UriKind.Relative), null);
        Assert.Equal((gate, "Closed"), await NextAsync(events));
    }

    /// <summary>Gate and outcome of the next server-sent event.</summary>
    private static async Task<(string Gate, string Outcome)> NextAsync(StreamReader events)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await events.ReadLineAsync(limit.Token) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            JsonElement data = JsonSerializer.Deserialize<JsonElement>(line[6..]);
            return (data.GetProperty("gate").GetString()!, data.GetProperty("outcome").GetString()!);
        }
        throw new InvalidOperationException("The event stream ended.");
    }

    [Theory]
    [InlineData("--tls-... names 1 of three files. Name the certificate, its key and the authority of the other end, or none.", "cmts", "--tls-key", "a.key")]
    [InlineData("Gate control on 0.0.0.0:3918 would be readable and open to forgery on the network.", "cmts", "--listen", "0.0.0.0:3918")]
    [InlineData("Gate control on 192.0.2.7:3919 would be readable and open to forgery on the network.", "policy-server", "--cmts", "10.1.0.0/16=192.0.2.7:3919")]
    [InlineData("--cmts is \"here\"; wanted is range=address:port such as 10.1.0.0/16=127.0.0.1:3919.", "policy-server", "--cmts", "here")]
    [InlineData("--capacity-up is \"much\"; wanted is a rate such as 100M.", "cmts", "--capacity-up", "much")]
    public async Task A_wrong_flag_is_said_in_a_sentence_with_exit_code_78(string sentence, params string[] arguments)
    {
        MediaRelayProcess process = Start(arguments);
        Assert.Equal(78, await process.WaitForExitAsync());
        Assert.Contains(sentence, process.Errors, StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using var socket = new global::System.Net.Sockets.Socket(global::System.Net.Sockets.AddressFamily.InterNetwork, global::System.Net.Sockets.SocketType.Stream, global::System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new global::System.Net.IPEndPoint(global::System.Net.IPAddress.Loopback, 0));
        return ((global::System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                if (await condition()) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            Assert.False(limit.IsCancellationRequested, "The condition did not come true within thirty seconds.");
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private MediaRelayProcess Start(params string[] arguments)
    {
        MediaRelayProcess process = MediaRelayProcess.Start(arguments);
        _processes.Add(process);
        return process;
    }
}
