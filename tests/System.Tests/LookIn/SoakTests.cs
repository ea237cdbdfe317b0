using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Media.IO;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>
/// Look-ins that open and close at random against one demo home: nothing of them is left. Twenty in thirty seconds, or with
/// LOOKIN_SOAK=300 three hundred in ten minutes.
/// </summary>
public sealed class SoakTests(DemoOnLoopback demo, ITestOutputHelper output) : IClassFixture<DemoOnLoopback>
{
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Look_ins_opened_and_closed_at_random_leave_nothing_behind()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("LOOKIN_SOAK"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : 20;
        TimeSpan length = count > 20 ? TimeSpan.FromSeconds(2.0 * count) : TimeSpan.FromSeconds(30);
        var outcomes = new ConcurrentDictionary<string, int>();
        await using var host = new MediaHost(new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] }, TimeProvider.System, NullLoggerFactory.Instance);
        using HttpClient max = demo.Demo.Client("MsoOperator");
        Task<Remains> Count() => CountAsync(max, demo);

        // The first look-ins load code and open what stays open; the count before is taken after them.
        await RoundAsync(host, demo, seed: 1, 8, TimeSpan.FromSeconds(6), new());
        Remains before = await SettledAsync(Count, _ => true);
        var clock = Stopwatch.StartNew();
        await RoundAsync(host, demo, seed: 7, count, length, outcomes);
        Remains after = await SettledAsync(Count, now => now.Demo <= before.Demo && now.Gateway <= before.Gateway);
        output.WriteLine(FormattableString.Invariant($"{count} look-ins in {clock.Elapsed.TotalSeconds:0} s: {string.Join(", ", outcomes.OrderBy(o => o.Key).Select(o => $"{o.Key} {o.Value}"))}"));
        output.WriteLine($"before: {before}\nafter:  {after}");
        output.WriteLine($"gateway: {Kinds(demo.Demo.GatewayId)}\ndemo: {Kinds(demo.Demo.Id)}");
        Assert.Equal((0, 0, 0), (after.Sessions, after.Gates, after.Allocations));
        Assert.Equal(before.Cameras, after.Cameras);
        Assert.True(after.Demo <= before.Demo + 3, $"The demo has {after.Demo} descriptors, {before.Demo} before.");
        Assert.True(after.Gateway <= before.Gateway + 3, $"The gateway has {after.Gateway} descriptors, {before.Gateway} before.");
        Assert.True(outcomes.GetValueOrDefault("connected") > count / 2, "Most look-ins were meant to connect.");
    }

    /// <summary>Starts look-ins at random moments; each lives for a random time and leaves in one of five ways.</summary>
    private static async Task RoundAsync(MediaHost host, DemoOnLoopback demo, int seed, int count, TimeSpan length, ConcurrentDictionary<string, int> outcomes)
    {
        var random = new Random(seed);
        using HttpClient ann = demo.Demo.Client("HomeOwner");
        var clock = Stopwatch.StartNew();
        var running = new List<Task>();
        TimeSpan[] starts = [.. Enumerable.Range(0, count).Select(_ => length * random.NextDouble()).Order()];
        for (int i = 0; i < count; i++)
        {
            if (starts[i] - clock.Elapsed is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait);
            running.Add(LookAsync(host, ann, i % 5, random.Next(2) == 0 ? "cam-front" : "cam-hall", TimeSpan.FromMilliseconds(random.Next(50, 6000)), outcomes));
        }

        await Task.WhenAll(running);
    }

    private static async Task LookAsync(MediaHost host, HttpClient http, int leaving, string camera, TimeSpan stay, ConcurrentDictionary<string, int> outcomes)
    {
        void Note(string what) => outcomes.AddOrUpdate(what, 1, (_, n) => n + 1);
        await using var viewer = new WhepViewer(host, http);
        using var impatient = new CancellationTokenSource(leaving == 4 ? TimeSpan.FromMilliseconds(stay.TotalMilliseconds / 20) : TimeSpan.FromSeconds(20));
        try
        {
            if (!await viewer.StartAsync(camera, impatient.Token))
            {
                Note("refused");
                return;
            }

            if (leaving == 3)
            {
                await viewer.HangUpAsync();
                Note("hung up before media");
                return;
            }

            await viewer.OpenEventsAsync();
            await viewer.ConnectedAsync(TimeSpan.FromSeconds(20));
            Note("connected");
            await Task.Delay(stay, CancellationToken.None);
            switch (leaving)
            {
                case 0:
                    await viewer.HangUpAsync();
                    break;
                case 1:
                    // Page closed: the stream breaks, media goes on until the server ends it.
                    viewer.DropEvents();
                    await Task.Delay(TimeSpan.FromSeconds(3), CancellationToken.None);
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            Note("given up before the answer");
        }
        catch (Exception e) when (e is MediaNegotiationException or TimeoutException)
        {
            Note("failed: " + e.Message);
        }
    }

    private static async Task<Remains> SettledAsync(Func<Task<Remains>> count, Func<Remains, bool> isEnough)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            Remains now = await count();
            if ((now is { Sessions: 0, Gates: 0, Allocations: 0 } && isEnough(now)) || clock.Elapsed > s_settle)
                return now;
            await Task.Delay(200);
        }
    }

    private static async Task<Remains> CountAsync(HttpClient max, DemoOnLoopback demo)
    {
        JsonElement sessions = await max.GetFromJsonAsync<JsonElement>("/api/operator/sessions"), gates = await max.GetFromJsonAsync<JsonElement>("/api/operator/gates");
        using var plain = new HttpClient();
        JsonElement turn = await plain.GetFromJsonAsync<JsonElement>(new Uri(demo.Metrics, "/admin/turn/allocations"));
        return new Remains(
            sessions.GetProperty("sessions").GetArrayLength(), gates.GetProperty("gates").GetArrayLength(), turn.GetProperty("allocations").GetInt32(), GateLifeTests.Children(demo.Demo.GatewayId).Length,
            Descriptors(demo.Demo.Id), Descriptors(demo.Demo.GatewayId));
    }

    private static int Descriptors(int process) => Directory.GetFileSystemEntries($"/proc/{process}/fd").Length;

    /// <summary>What the descriptors of a process lead to but for files of programs, the most frequent first; sockets with protocol, state and the peer's port.</summary>
    private static string Kinds(int process)
    {
        var sockets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string protocol in (string[])["udp", "udp6", "tcp", "tcp6"])
        {
            // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
            foreach (string[] row in File.ReadLines($"/proc/{process}/net/{protocol}").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
                sockets[$"socket:[{row[9]}]"] = $"{protocol} state {row[3]} to port {int.Parse(row[2].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)}";
        }

        return string.Join(", ", Directory.GetFileSystemEntries($"/proc/{process}/fd").Select(entry => new FileInfo(entry).LinkTarget ?? "gone")
            .Where(target => !target.EndsWith(".dll", StringComparison.Ordinal))
            .GroupBy(target => sockets.TryGetValue(target, out string? socket) ? socket : target.Split('[')[0], StringComparer.Ordinal)
            .OrderByDescending(kind => kind.Count()).Select(kind => $"{kind.Count()} {kind.Key}"));
    }

    private sealed record Remains(int Sessions, int Gates, int Allocations, int Cameras, int Demo, int Gateway)
    {
        public override string ToString() => $"{Sessions} sessions, {Gates} gates, {Allocations} allocations, {Cameras} ffmpeg processes of the gateway, {Demo} descriptors of the demo, {Gateway} of the gateway";
    }
}
