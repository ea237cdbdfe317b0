using System.Text.Json;
using MediaRelay.System.Tests.LookIn;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.Portal;

/// <summary>The main path of every role through the portal, in a browser, against the whole program with a gateway process behind it.</summary>
public sealed class PortalWalkTests(DemoInNamespace demo) : IClassFixture<DemoInNamespace>
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_home_owner_arms_leaves_out_gives_codes_and_looks_in()
    {
        IPage ann = await demo.LogInAsync("ann");
        List<string> faults = PortalPages.Watch(ann, demo.Portal);
        await ann.Locator("[data-testid=partition-state][data-state=disarmed]").WaitForAsync();
        await PortalPages.VisitAsync(demo, ann, "home", "home");

        // The first thing that the keyboard reaches leads past the navigation.
        await ann.ReloadAsync();
        await ann.Locator("[data-testid=partition-state]").WaitForAsync();
        await ann.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the page", await ann.EvaluateAsync<string>("() => document.activeElement.textContent"));

        // A question changes nothing and is answered for every way of arming.
        await PortalPages.VisitAsync(demo, ann, "zones", "zones");
        await ann.ClickAsync("[data-testid=what-if-2]");
        string answers = await ann.Locator("[data-testid=what-if-words]").InnerTextAsync();
        Assert.Contains("Zone 2 (Kitchen window) opened while partition 1 is armed away", answers, StringComparison.Ordinal);
        Assert.Contains("Nothing: partition 1 is disarmed", answers, StringComparison.Ordinal);
        await PortalPages.LookAsync(ann, "what-if");
        await ann.Keyboard.PressAsync("Escape");

        // Left out once: gone with the next disarm, and the home says so in words.
        await ann.ClickAsync("[data-testid=leave-out-2]");
        await ann.CheckAsync("input[name=bypass][value=once]");
        await ann.ClickAsync("[data-testid=bypass-save]");
        await ann.Locator("[data-testid=bypass-2]").WaitForAsync();

        // A code of one's own, typed at the keypad of the simulated home.
        await PortalPages.VisitAsync(demo, ann, "people", "people");
        await ann.ClickAsync("[data-testid=give-code]");
        await ann.FillAsync("#code-name", "Cleaner");
        await ann.FillAsync("#code", "471100");
        await ann.ClickAsync("[data-testid=code-dialog-save]");
        await ann.Locator("[data-testid=codes] td:has-text('Cleaner')").WaitForAsync();
        await ann.GotoAsync(demo.Portal + "/#/home");
        await ann.ClickAsync("[data-testid=arm-night]");
        await ann.Locator("[data-testid=partition-state][data-state=armed]").WaitForAsync();
        await PortalPages.LookAsync(ann, "armed");
        await ann.GotoAsync(demo.Portal + "/#/zones");
        await ann.FillAsync("[data-testid=keypad-code]", "471100");
        await ann.ClickAsync("[data-testid=keypad-off]");
        await ann.Locator("[data-testid=bypass-2]").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        await PortalPages.VisitAsync(demo, ann, "timeline", "timeline");
        await ann.Locator("text=Cleaner disarmed partition 1.").First.WaitForAsync();
        await ann.Locator("text=is watched again: its bypass ended with the disarm").First.WaitForAsync();

        await ann.GotoAsync(demo.Portal + "/#/devices");
        await ann.Locator("[data-testid=device-hall-light] [role=switch][aria-checked=false]").ClickAsync();
        await ann.Locator("[data-testid=device-hall-light] [role=switch][aria-checked=true]").WaitForAsync();
        await PortalPages.LookAsync(ann, "devices");

        await PortalPages.VisitAsync(demo, ann, "cameras", "cameras");
        await ann.ClickAsync("[data-testid=look-cam-front]");
        await DemoInNamespace.UntilAsync(() => ann.EvaluateAsync<bool>("() => { const v = document.querySelector('[data-testid=live-video]'); return !!v && v.videoWidth > 0 && v.currentTime > 0.3; }"), s_soon, "the picture");
        await ann.Locator("[data-testid=grant-badge][data-state=committed]").WaitForAsync();
        await ann.ClickAsync("[data-testid=live-steps]");
        Assert.Equal(7, await ann.Locator("[data-testid=step-list] li:not(.is-open):not(.is-failed)").CountAsync());
        await ann.ClickAsync("[data-testid=talk-check]");
        await DemoInNamespace.UntilAsync(async () => await ann.Locator("[data-testid=talk-verdict]:has-text('Two-way talk works.')").CountAsync() == 1, s_soon, "the end of the talk check");
        await PortalPages.LookAsync(ann, "talk-check");
        await ann.Keyboard.PressAsync("Escape");
        await PortalPages.LookAsync(ann, "live");

        foreach (string page in (string[])["privacy", "clips", "incidents", "alerts", "account"])
            await PortalPages.VisitAsync(demo, ann, page, page);

        // A token for a player elsewhere is shown once, and can be taken back.
        await ann.ClickAsync("[data-testid=token-make]");
        await ann.FillAsync("#ask-text", "Kitchen screen");
        await PortalPages.LookAsync(ann, "token-question");
        await ann.Keyboard.PressAsync("Enter");
        Assert.True((await ann.Locator("[data-testid=token-text]").InnerTextAsync()).Length >= 43);
        await PortalPages.LookAsync(ann, "token");
        await ann.Keyboard.PressAsync("Escape");
        await ann.ClickAsync("[data-testid=tokens-card] li:has-text('Kitchen screen') button");
        await ann.Locator("[data-testid=tokens-card] li").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });

        await PortalPages.VisitAsync(demo, ann, "alerts", "alerts");
        Assert.Equal(1, await ann.Locator("[data-testid=alerts-honest]").CountAsync());
        Assert.Empty(faults);
        await ann.Context.CloseAsync();
    }

    [Fact]
    public async Task A_station_works_an_alarm_from_the_queue_to_its_close_and_the_owner_sees_it()
    {
        IPage ann = await demo.LogInAsync("ann");
        IPage olga = await demo.LogInAsync("olga");
        List<string> faults = PortalPages.Watch(olga, demo.Portal);
        await PortalPages.VisitAsync(demo, olga, "queue", "queue-empty");
        await ArmAndOpenAsync(ann);
        await olga.Locator("[data-testid=queue-row]").First.WaitForAsync();
        await PortalPages.LookAsync(olga, "queue");
        await PortalPages.VisitAsync(demo, ann, "home", "home-alarm");
        await olga.Locator("[data-testid=claim-button]").First.ClickAsync();
        await olga.Locator("[data-testid=incident-zones] .is-alarm").First.WaitForAsync();
        await olga.ClickAsync("[data-testid=look-in-all]");
        await DemoInNamespace.UntilAsync(() => olga.EvaluateAsync<bool>("() => { const all = [...document.querySelectorAll('video')]; return all.length === 2 && all.every(v => v.videoWidth > 0 && v.currentTime > 0.3); }"), s_soon, "both pictures side by side");
        await ann.Locator("[data-testid=look-in-banner]").First.WaitForAsync();
        await PortalPages.LookAsync(ann, "home-looked-into");
        await olga.SelectOptionAsync("#result-0", "no answer");
        await olga.ClickAsync("[data-testid=call-0]");
        await olga.Locator("[data-testid=incident-record] >> text=Called Ann: no answer.").WaitForAsync();
        await olga.FillAsync("[data-testid=note-text]", "One person in the kitchen, leaving by the window.");
        await olga.ClickAsync("[data-testid=note-button]");
        await olga.Locator("[data-testid=incident-record] >> text=leaving by the window").WaitForAsync();
        await PortalPages.LookAsync(olga, "incident");
        await olga.SelectOptionAsync("[data-testid=disposition]", "dispatched");
        await olga.SelectOptionAsync("[data-testid=level]", "3");
        await olga.ClickAsync("[data-testid=close-button]");
        await olga.Locator("[data-testid=incident-state][data-state=closed]").WaitForAsync();
        await PortalPages.LookAsync(olga, "incident-closed");
        await PortalPages.VisitAsync(demo, olga, "closed", "closed");
        await PortalPages.VisitAsync(demo, ann, "privacy", "privacy-after");
        await ann.Locator("[data-testid=look-ins-past] >> text=Olga").First.WaitForAsync();
        Assert.Empty(faults);
        await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/partitions/1/disarm");
        await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/simulate", new { device = "kitchen-window", value = "closed" });
        await olga.Context.CloseAsync();
        await ann.Context.CloseAsync();
    }

    [Fact]
    public async Task An_operator_sees_the_system_and_asks_the_network_for_bandwidth()
    {
        IPage max = await demo.LogInAsync("max");
        List<string> faults = PortalPages.Watch(max, demo.Portal);
        foreach (string page in (string[])["gateways", "relays", "sessions", "claims"])
            await PortalPages.VisitAsync(demo, max, page, $"operator-{page}");
        await PortalPages.VisitAsync(demo, max, "bandwidth", "operator-bandwidth-none");
        await max.FillAsync("[data-testid=bod-reason]", "film night, paid for");
        await max.ClickAsync("[data-testid=bod-ask]");
        await max.Locator("[data-testid=bod-state][data-state=committed]").WaitForAsync();
        await PortalPages.LookAsync(max, "operator-bandwidth");
        await PortalPages.VisitAsync(demo, max, "gates", "operator-gates");
        await max.Locator("[data-testid=operator-gates] .tag:has-text('on demand')").First.WaitForAsync();
        Assert.Equal(2_000_000, (await DemandedAsync(max)).GetProperty("reservedBitsPerSecond").GetDouble());
        await max.GotoAsync(demo.Portal + "/#/bandwidth");
        await max.ClickAsync("[data-testid=bod-end]");
        await DemoInNamespace.UntilAsync(async () => !(await GatesAsync(max)).Any(IsOnDemand), s_soon, "the end of the gate");
        await max.GotoAsync(demo.Portal + "/#/journal");
        await max.ClickAsync("[data-testid=journal-verify]");
        await max.Locator("text=The chain is whole").WaitForAsync();
        await PortalPages.LookAsync(max, "operator-journal");
        await max.GotoAsync(demo.Portal + "/#/audit");
        await max.ClickAsync("[data-testid=audit-verify]");
        await max.Locator("text=film night, paid for").First.WaitForAsync();
        await max.Locator("text=The chain of the audit is whole").WaitForAsync();
        await PortalPages.LookAsync(max, "operator-audit");
        Assert.Empty(faults);
        await max.Context.CloseAsync();
    }

    /// <summary>Arms without an exit delay and opens the kitchen window.</summary>
    private static async Task ArmAndOpenAsync(IPage ann)
    {
        await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/partitions/1/arm", new { mode = "night" });
        await DemoInNamespace.UntilAsync(async () => (await DemoInNamespace.AskAsync(ann, "GET", "/api/homes/home-1")).Body.GetProperty("partitions")[0].GetProperty("mode").GetString() == "night", s_soon, "the arming");
        await DemoInNamespace.AskAsync(ann, "POST", "/api/homes/home-1/simulate", new { device = "kitchen-window", value = "open" });
    }

    private static bool IsOnDemand(JsonElement gate) => gate.TryGetProperty("session", out JsonElement session) && session.GetString()!.StartsWith("bod-", StringComparison.Ordinal);

    private static async Task<JsonElement> DemandedAsync(IPage max) => (await GatesAsync(max)).Single(IsOnDemand);

    private static async Task<IEnumerable<JsonElement>> GatesAsync(IPage max) => (await DemoInNamespace.AskAsync(max, "GET", "/api/operator/gates")).Body.GetProperty("gates").EnumerateArray();
}
