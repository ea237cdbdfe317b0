using MediaRelay.Server.Demo;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>The demo on this machine's loopback with ports of its own, for tests without a browser; it ends with them.</summary>
public sealed class DemoOnLoopback : IAsyncLifetime
{
    internal DemoProcess Demo { get; private set; } = null!;

    internal Uri Metrics => new(Demo.Facts.GetProperty("metrics").GetString()!);

    public async Task InitializeAsync() => Demo = await DemoProcess.StartAsync([], "--https-port", "0", "--metrics", $"127.0.0.1:{DemoSettings.FreePort()}");

    public Task DisposeAsync()
    {
        Demo.Dispose();
        return Task.CompletedTask;
    }
}
