using System.Text.Json;
using MediaRelay.System.Tests.LookIn;
using Microsoft.Playwright;

namespace MediaRelay.System.Tests.Portal;

/// <summary>What every page of the portal must keep, looked at on a wide screen in light and on a phone in dark; both pictures stay as test output.</summary>
internal static class PortalPages
{
    private static readonly HashSet<string> s_named = ["button", "link", "textbox", "combobox", "checkbox", "radio", "switch", "img", "image", "dialog", "spinbutton", "slider"];

    /// <summary>Reports what no page may do: errors of scripts, breaches of the content policy, and requests to anybody else.</summary>
    public static List<string> Watch(IPage page, string portal)
    {
        var faults = new List<string>();
        page.PageError += (_, error) => faults.Add($"script: {error}");
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("Failed to load resource", StringComparison.Ordinal))
                faults.Add($"console: {message.Text}");
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(portal, StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                faults.Add($"third party: {request.Url}");
        };
        return faults;
    }

    /// <summary>Opens a page by its address, checks it and keeps its pictures.</summary>
    public static async Task VisitAsync(DemoInNamespace demo, IPage page, string path, string name)
    {
        await page.GotoAsync($"{demo.Portal}/#/{path}");
        await page.WaitForFunctionAsync("path => document.body.dataset.ready === path", path.Split('/')[0]);
        await LookAsync(page, name);
    }

    /// <summary>Checks the page as it stands and keeps its pictures.</summary>
    public static async Task LookAsync(IPage page, string name)
    {
        // From the top: what sticks to the screen would otherwise stand in the middle of the picture.
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await DemoInNamespace.PictureAsync(page, $"portal-{name}-wide");
        await CheckAsync(page, name);
        await page.SetViewportSizeAsync(390, 844);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await DemoInNamespace.PictureAsync(page, $"portal-{name}-phone");
        await CheckAsync(page, $"{name} on a phone");
        await page.SetViewportSizeAsync(1280, 860);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
    }

    private static async Task CheckAsync(IPage page, string name)
    {
        Assert.Equal(1, await page.Locator("main h1").CountAsync());
        Assert.True(await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth") <= 0, $"{name} is wider than the screen.");
        ICDPSession devtools = await page.Context.NewCDPSessionAsync(page);
        JsonElement tree = (await devtools.SendAsync("Accessibility.getFullAXTree"))!.Value;
        await devtools.DetachAsync();
        string[] nameless =
        [
            .. tree.GetProperty("nodes").EnumerateArray()
                .Where(n => !n.GetProperty("ignored").GetBoolean() && n.TryGetProperty("role", out JsonElement role) && s_named.Contains(role.GetProperty("value").GetString()!))
                .Where(n => !n.TryGetProperty("name", out JsonElement said) || string.IsNullOrWhiteSpace(said.GetProperty("value").GetString()))
                .Select(n => n.GetProperty("role").GetProperty("value").GetString()!),
        ];
        Assert.True(nameless.Length == 0, $"{name} has controls that a screen reader cannot name: {string.Join(", ", nameless)}");
    }
}
