using System.Text;
using MediaRelay.Server.Demo;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>
/// Live video and sound both ways between every pair of NATs. All sixteen pairs run when LOOKIN_NAT_MATRIX is 1, one when it names
/// one (home:viewer, as in Symmetric:UdpBlocked), four when it names a home (Symmetric:), else those that differ most: both ends symmetric, either end without UDP, and a pair that needs no relay.
/// </summary>
public sealed class NatMatrixTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);
    private static readonly DemoNatKind[] s_kinds = [DemoNatKind.EndpointIndependent, DemoNatKind.PortRestricted, DemoNatKind.Symmetric, DemoNatKind.UdpBlocked];

    private static string Asked => Environment.GetEnvironmentVariable("LOOKIN_NAT_MATRIX") ?? "";

    private static IEnumerable<(DemoNatKind Home, DemoNatKind[] Viewers)> Pairs => Asked == "1"
        ? s_kinds.Select(k => (k, s_kinds))
        : Asked.Split(':') is [{ } one, { } other] ? [(Enum.Parse<DemoNatKind>(one), other.Length == 0 ? s_kinds : [Enum.Parse<DemoNatKind>(other)])]
        : [
            (DemoNatKind.Symmetric, [DemoNatKind.Symmetric, DemoNatKind.UdpBlocked]),
            (DemoNatKind.UdpBlocked, [DemoNatKind.Symmetric]),
            (DemoNatKind.PortRestricted, [DemoNatKind.EndpointIndependent]),
        ];

    [Fact]
    public async Task Video_is_seen_and_sound_goes_both_ways_between_every_pair_of_NATs()
    {
        var report = new StringBuilder("| home | viewer | first frame ms | path (viewer to home) | home's path | spread | frames | sound in | spoken into the home, dB |\n|---|---|---|---|---|---|---|---|---|\n");
        var faults = new List<string>();
        await using var stage = new LookInStage();
        var viewers = new Dictionary<DemoNatKind, StageViewer>();
        foreach (var (home, kinds) in Pairs)
        {
            await stage.StartDemoAsync(home);
            foreach (DemoNatKind kind in kinds)
            {
                if (!viewers.TryGetValue(kind, out StageViewer? viewer))
                    viewers[kind] = viewer = await stage.AddViewerAsync(kind);
                try
                {
                    report.Append(await LookInAsync(stage, viewer, home, kind));
                }
                catch (Exception e) when (e is Xunit.Sdk.XunitException or PlaywrightException)
                {
                    // The other pairs are looked at too; the report names all that fail.
                    faults.Add($"{home} x {kind}: {e.Message}");
                }
            }
        }

        output.WriteLine(report.ToString());
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>No relay at either end; an address that the home has at a relay may be called peer-reflexive, but it is the relay's.</summary>
    private static bool IsDirect(Sight sight) => !sight.Local.StartsWith("relay", StringComparison.Ordinal) && sight.Remote != "relay" && sight.RemoteAddress != "198.18.0.1";

    private static async Task<string> LookInAsync(LookInStage stage, StageViewer viewer, DemoNatKind home, DemoNatKind kind)
    {
        IPage page = await viewer.LogInAsync(stage, "ann");
        try
        {
            string voice = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(stage.Demo.Facts.GetProperty("authority").GetString()!))!, "cam-front-talk.wav");
            long said = new FileInfo(voice).Length;
            await StageViewer.StartAsync(page, talk: true);

            // Which paths are possible at all: no UDP towards a symmetric NAT from one that filters by port, none where UDP is blocked.
            bool canBeDirect = home != DemoNatKind.UdpBlocked && kind != DemoNatKind.UdpBlocked
                && (home == DemoNatKind.EndpointIndependent || kind == DemoNatKind.EndpointIndependent || (home == DemoNatKind.PortRestricted && kind == DemoNatKind.PortRestricted));
            Sight sight = await StageViewer.UntilAsync(
                page, s => s is { Phase: "playing", Spread: > 20, Frames: > 30, Energy: > 0, Sent: > 50, Local.Length: > 0 } && IsDirect(s) == canBeDirect, s_bound);
            string story = "";
            await DemoInNamespace.UntilAsync(() => Task.FromResult((story = stage.Story(sight.Session)).Contains("path     ", StringComparison.Ordinal) && !story.Contains("not known", StringComparison.Ordinal)), s_bound, "the path in the session's story");
            double loudness = 0;
            await DemoInNamespace.UntilAsync(() => Task.FromResult((loudness = Voice.Loudness(voice, said)) > -50), s_bound, "the viewer's voice in the home");
            await StageViewer.StopAsync(page);
            Assert.Equal(home == DemoNatKind.UdpBlocked, story.Contains("over TCP", StringComparison.Ordinal));
            string path = story.Split('\n').Single(l => l.StartsWith("  path", StringComparison.Ordinal))[11..];
            return FormattableString.Invariant($"| {home} | {kind} | {sight.FirstFrame:0} | {sight.Local} to {sight.Remote} | {path} | {sight.Spread:0} | {sight.Frames} | {sight.Energy:0.000} | {loudness:0.0} |\n");
        }
        finally
        {
            await page.Context.CloseAsync();
        }
    }
}
