using MediaRelay.Server.Demo;
using MediaRelay.System.Tests.Media;
using MediaRelay.System.Tests.Turn;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>The home's network comes with the demo and goes with it; what a killed run left behind goes with the next.</summary>
public sealed class DemoNatTests : IDisposable
{
    private const int NoProcess = 4_194_305; // Above the kernel's largest process id.
    private readonly LoopbackNamespace _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void The_home_reaches_the_host_through_its_router_and_leaves_nothing()
    {
        string leftover = $"mediarelay-demo-{NoProcess}-home";
        LoopbackNamespace.Run("ip", "netns", "add", leftover);
        string home = Namespaces.Run(_host.Name, () =>
        {
            using DemoNat nat = DemoNat.Create(DemoNatKind.Symmetric);
            LoopbackNamespace.Run("ip", "netns", "exec", nat.Home, "ping", "-c", "1", "-W", "2", nat.HostAddress);
            Assert.Contains(nat.HostAddress, LoopbackNamespace.Run("ip", "-4", "addr"), StringComparison.Ordinal);
            return nat.Home;
        });
        string left = LoopbackNamespace.Run("ip", "netns", "list");
        Assert.DoesNotContain(home, left, StringComparison.Ordinal);
        Assert.DoesNotContain(home.Replace("-home", "-router", StringComparison.Ordinal), left, StringComparison.Ordinal);
        Assert.DoesNotContain(leftover, left, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cone", 64, "--nat cone is no kind of NAT. Kinds: symmetric, port-restricted, endpoint-independent, udp-blocked.")]
    [InlineData("2", 64, "--nat 2 is no kind of NAT.")]
    public void A_wrong_kind_is_named_with_those_there_are(string kind, int code, string sentence)
    {
        var (exit, output) = HomeNetwork.Run(_host.Name, TimeSpan.FromSeconds(20), $"dotnet {Path.Combine(AppContext.BaseDirectory, "mediarelay.dll")} demo --nat {kind}");
        Assert.Equal((code, true), (exit, output.Contains(sentence, StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_root_one_sentence_says_what_to_do()
    {
        var (exit, output) = HomeNetwork.Run(
            _host.Name, TimeSpan.FromSeconds(20), $"setpriv --reuid=65534 --clear-groups dotnet {Path.Combine(AppContext.BaseDirectory, "mediarelay.dll")} demo --nat", "HOME=/tmp", "DOTNET_CLI_HOME=/tmp");
        Assert.Equal((77, "mediarelay: --nat makes network namespaces, which only root may. Run 'sudo ./run.sh --nat', or leave --nat out."), (exit, output.Trim()));
    }
}
