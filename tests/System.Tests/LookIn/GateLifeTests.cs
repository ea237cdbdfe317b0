using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MediaRelay.Server.Demo;
using MediaRelay.System.Tests.Media;
using MediaRelay.System.Tests.Qos;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>Gates come with a look-in and go with it, whoever ends it and however: a home behind a symmetric NAT, a viewer behind another.</summary>
[global::System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class GateLifeTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan s_gone = TimeSpan.FromSeconds(2);
    private readonly LookInStage _stage = new();
    private HttpClient _operator = null!;

    public async Task InitializeAsync()
    {
        await _stage.StartDemoAsync(DemoNatKind.Symmetric);
        _operator = _stage.Client("MsoOperator");
    }

    public async Task DisposeAsync()
    {
        _operator.Dispose();
        await _stage.DisposeAsync();
    }

    [Fact]
    public async Task Gates_are_authorized_then_committed_and_gone_soon_after_page_browser_or_gateway()
    {
        StageViewer viewer = await _stage.AddViewerAsync(DemoNatKind.Symmetric);
        string file = Path.Combine(Path.GetTempPath(), $"{_stage.Host}.pcapng");
        int cmts = Port("cmts"), policy = Port("policyServer");
        using Process capture = await CaptureTests.CaptureAsync(file, cmts, policy, _stage.Host);
        try
        {
            // 1. The page is closed by its person.
            IPage page = await viewer.LogInAsync(_stage, "ann");
            Sight sight = await SeeAsync(page);
            string[] states = await LookInStage.GatesAsync(_operator);
            Assert.Equal(["committed", "committed"], states);
            string story = _stage.Story(sight.Session);
            Assert.True(story.IndexOf("The gates are authorized.", StringComparison.Ordinal) is var authorized and > 0 && authorized < story.IndexOf("2 gates are committed.", StringComparison.Ordinal), story);
            await page.CloseAsync(new PageCloseOptions { RunBeforeUnload = true });
            TimeSpan closed = await GatesGoneAsync("after the page was closed");
            await CheckCaptureAsync(file, cmts, policy);

            // 2. The browser is killed: no goodbye of any kind.
            page = await viewer.LogInAsync(_stage, "ann");
            await SeeAsync(page);
            viewer.Kill();
            TimeSpan killed = await GatesGoneAsync("after the browser was killed");

            // 3. The gateway is killed; the viewer is told.
            StageViewer second = await _stage.AddViewerAsync(null);
            page = await second.LogInAsync(_stage, "ann");
            sight = await SeeAsync(page);
            LoopbackNamespace.Run("kill", "-9", _stage.Demo.GatewayId.ToString(CultureInfo.InvariantCulture));
            TimeSpan lost = await GatesGoneAsync("after the gateway was killed");
            await DemoInNamespace.UntilAsync(async () => (await StageViewer.LookAsync(page)).Phase == "ended", s_gone, "the word to the viewer");
            Assert.Contains("out of reach", (await StageViewer.LookAsync(page)).Failure, StringComparison.Ordinal);
            Assert.Contains("The gateway of the home is out of reach.", _stage.Story(sight.Session), StringComparison.Ordinal);
            output.WriteLine(FormattableString.Invariant($"gates gone after: page closed {closed.TotalMilliseconds:0} ms, browser killed {killed.TotalMilliseconds:0} ms, gateway killed {lost.TotalMilliseconds:0} ms"));
            output.WriteLine(story);
        }
        finally
        {
            capture.Kill();
            await capture.WaitForExitAsync();
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_look_in_needs_a_right_that_ends_with_it_and_viewers_share_the_camera()
    {
        StageViewer viewer = await _stage.AddViewerAsync(DemoNatKind.PortRestricted);
        IPage olga = await viewer.LogInAsync(_stage, "olga");
        await StageViewer.StartAsync(olga);
        Sight refused = await StageViewer.LookAsync(olga);
        Assert.Equal("failed", refused.Phase);
        Assert.Empty(await LookInStage.GatesAsync(_operator));

        // Two viewers, one connection to the camera: the home starts no second source.
        IPage ann = await viewer.LogInAsync(_stage, "ann");
        await SeeAsync(ann);
        int before = Cameras();
        Assert.True(before > 0, "The first camera is an ffmpeg child of the gateway.");
        IPage again = await viewer.LogInAsync(_stage, "ann");
        await SeeAsync(again);
        Assert.Equal(before, Cameras());
        Assert.Equal(4, (await LookInStage.GatesAsync(_operator)).Length);
        await again.Context.CloseAsync();

        // An alarm opens the home to the central station, its end closes it.
        using HttpClient owner = _stage.Client("HomeOwner");
        Assert.Equal(HttpStatusCode.Accepted, (await owner.PostAsJsonAsync("/api/homes/home-1/partitions/1/arm", new { mode = "night" })).StatusCode);
        await DemoInNamespace.UntilAsync(async () => (await owner.GetFromJsonAsync<JsonElement>("/api/homes/home-1")).GetProperty("partitions")[0].GetProperty("mode").GetString() == "night", s_bound, "the arming");
        Assert.Equal(HttpStatusCode.Accepted, (await owner.PostAsJsonAsync("/api/homes/home-1/simulate", new { device = "kitchen-window", value = "open" })).StatusCode);
        using HttpClient station = _stage.Client("CentralStationOperator");
        await DemoInNamespace.UntilAsync(async () => (await station.GetAsync(new Uri("/api/homes/home-1", UriKind.Relative))).StatusCode == HttpStatusCode.OK, s_bound, "the alarm that opens the home");
        await SeeAsync(olga);
        Assert.Equal(HttpStatusCode.Accepted, (await owner.PostAsync(new Uri("/api/homes/home-1/partitions/1/disarm", UriKind.Relative), null)).StatusCode);
        TimeSpan cut = await DemoInNamespace.UntilAsync(async () => (await StageViewer.LookAsync(olga)).Phase == "ended", TimeSpan.FromSeconds(5), "the cut after the alarm ended");
        Assert.Contains("right to look in ended", (await StageViewer.LookAsync(olga)).Failure, StringComparison.Ordinal);
        Assert.Equal("playing", (await StageViewer.LookAsync(ann)).Phase);
        output.WriteLine(FormattableString.Invariant($"refused before the alarm with \"{refused.Failure}\", cut {cut.TotalMilliseconds:0} ms after the disarm"));
    }

    [Fact]
    public async Task A_guest_whose_grant_the_owner_ends_loses_the_picture_and_the_gates_and_learns_why()
    {
        StageViewer viewer = await _stage.AddViewerAsync(DemoNatKind.PortRestricted);
        IPage ann = await viewer.LogInAsync(_stage, "ann");
        var (added, _) = await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/users", new { id = "gus", name = "Gus", role = "guest", password = "feeds-the-cat" });
        Assert.Equal(201, added);
        var (given, grant) = await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/grants", new { subject = "gus", actions = (string[])["viewState", "lookIn", "talk"], until = DateTimeOffset.UtcNow.AddHours(1), reason = "feeds the cat" });
        Assert.Equal(201, given);
        IPage gus = await viewer.LogInAsync(_stage, "gus", "feeds-the-cat");
        Sight sight = await SeeAsync(gus);

        var (ended, _) = await DemoInNamespace.AskAsync(ann, "DELETE", $"/api/homes/home-1/grants/{grant.GetProperty("id").GetString()}");
        Assert.Equal(204, ended);
        TimeSpan cut = await DemoInNamespace.UntilAsync(async () => (await StageViewer.LookAsync(gus)).Phase == "ended", s_gone, "the word to the guest");
        const string words = "The right to look in ended. Refused for Gus (guest): no grant for it is open.";
        Assert.Contains(words, (await StageViewer.LookAsync(gus)).Failure, StringComparison.Ordinal);
        await GatesGoneAsync("after the grant ended");
        var (_, looks) = await DemoInNamespace.AskAsync(ann, "GET", "/api/homes/home-1/look-ins");
        // The page's still pictures are entries too.
        JsonElement past = looks.GetProperty("past").EnumerateArray().First(l => !l.GetProperty("session").GetString()!.StartsWith("still-", StringComparison.Ordinal));
        Assert.Equal((sight.Session, words), (past.GetProperty("session").GetString(), past.GetProperty("reason").GetString()));
        output.WriteLine(FormattableString.Invariant($"cut {cut.TotalMilliseconds:0} ms after the answer to the owner"));
    }

    /// <summary>Looks in until there is a moving picture and the gates are committed.</summary>
    private static async Task<Sight> SeeAsync(IPage page)
    {
        await StageViewer.StartAsync(page, talk: true);
        return await StageViewer.UntilAsync(page, s => s is { Phase: "playing", Spread: > 20, Frames: > 10, Grant: "committed" }, s_bound);
    }

    private async Task<TimeSpan> GatesGoneAsync(string when) =>
        await DemoInNamespace.UntilAsync(async () => (await LookInStage.GatesAsync(_operator)).Length == 0, s_gone, $"the end of the gates {when}");

    private int Port(string name) => int.Parse(_stage.Demo.Facts.GetProperty("cops").GetProperty(name).GetString()!.Split(':')[1], CultureInfo.InvariantCulture);

    /// <summary>Children that make a test picture; others make still pictures and formats, which a page asks for when it likes.</summary>
    private int Cameras() => Children(_stage.Demo.GatewayId).Count(id => File.Exists($"/proc/{id}/cmdline") && File.ReadAllText($"/proc/{id}/cmdline").Contains("lavfi", StringComparison.Ordinal));

    /// <summary>Child processes, which a gateway has for cameras, formats and still pictures.</summary>
    internal static string[] Children(int process) =>
        [.. Directory.EnumerateDirectories($"/proc/{process}/task").SelectMany(t => File.ReadAllText(t + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>tshark reads the whole life of the gates: set (4) and acknowledged (5) twice, authorized and then committed, deleted (10), acknowledged (11); no frame is malformed.</summary>
    private async Task CheckCaptureAsync(string file, int cmts, int policy)
    {
        string[] lines = [];
        int[] seen = [];
        await DemoInNamespace.UntilAsync(
            () =>
            {
                string text = LoopbackNamespace.Run(
                    "tshark", "-r", file, "-Y", "cops.pc_gate_command_type", "-d", $"tcp.port=={cmts},cops", "-d", $"tcp.port=={policy},cops", "-T", "fields", "-E", "separator=;",
                    "-e", "frame.time_relative", "-e", "tcp.dstport", "-e", "cops.pc_gate_command_type", "-e", "cops.pc_subscriber_id4", "-e", "_ws.malformed");
                lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
                seen = [.. lines.SelectMany(l => l.Split(';')[2].Split(',')).Select(c => Convert.ToInt32(c[2..], 16))];
                return Task.FromResult(seen.Count(c => c == 11) >= 4);
            },
            s_bound, "the deletes in the capture");
        output.WriteLine(string.Join('\n', lines));
        Assert.All(lines, l => Assert.Equal("", l.Split(';')[4]));
        Assert.All((int[])[4, 5, 10, 11], command => Assert.Contains(command, seen));
        Assert.Contains(lines, l => l.Split(';') is var f && f[2].Contains("0x0004", StringComparison.Ordinal) && f[3].Contains("198.18.0.2", StringComparison.Ordinal));
    }
}
