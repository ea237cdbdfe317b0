using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.IO.Tests.Qos.GateSteps;

namespace MediaRelay.IO.Tests.Qos;

/// <summary>Gate control inside TLS: each end shows a certificate of the authority that names its address; nobody else gets a word.</summary>
public sealed class LinkSecurityTests : IAsyncDisposable
{
    private static readonly SubscriberPrefix[] Loopback = [Prefix("127.0.0.0/8")];
    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-tls-").FullName;
    private readonly LinkCertificates _ours, _theirs;
    private readonly LinkFiles _files;
    private readonly ManualTime _certificateTime = new();
    private readonly LinkSecurity _security;
    private readonly CmtsHost _cmts;
    private readonly List<IAsyncDisposable> _others = [];

    public LinkSecurityTests()
    {
        _ours = new LinkCertificates(_folder, "ours");
        _theirs = new LinkCertificates(_folder, "theirs");
        _files = _ours.Issue("node", "127.0.0.1");
        _security = new LinkSecurity(_files, _certificateTime, NullLogger<LinkSecurity>.Instance);
        _cmts = new CmtsHost(new CmtsSettings { Modems = [Prefix("10.1.0.0/16")], Cops = new CopsSettings("cmts-7") }, TimeProvider.System, NullLogger<CmtsHost>.Instance, _security);
        _cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable other in _others) await other.DisposeAsync();
        await _cmts.DisposeAsync();
        _security.Dispose();
        _ours.Dispose();
        _theirs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Gates_are_set_and_deleted_over_tls_on_every_link()
    {
        PolicyServerLink manager = await StartAsync(_security);
        var outcome = new TaskCompletionSource<GateEvent>();
        using IDisposable _ = manager.Subscribe(e => outcome.TrySetResult(e));
        await manager.RequestGatesAsync("s", [.. Enumerable.Range(1, 500).Select(Request)]);
        Assert.Equal(GateEventKind.Set, (await outcome.Task.WaitAsync(TimeSpan.FromSeconds(10))).Kind);
        await Until(async () => (await _cmts.SnapshotAsync()).GateCount == 500);
        await manager.ReleaseGatesAsync("s");
        await Until(async () => (await _cmts.SnapshotAsync()).GateCount == 0 && manager.GateCount == 0);
    }

    [Theory]
    [InlineData("right", true)]
    [InlineData("none", false)]
    [InlineData("of another authority", false)]
    [InlineData("of another address", false)]
    [InlineData("expired", false)]
    public async Task Only_a_client_with_the_certificate_of_its_address_is_told_anything(string certificate, bool isTold)
    {
        LinkFiles? files = certificate switch
        {
            "right" => _ours.Issue("client", "127.0.0.1"),
            "of another authority" => _theirs.Issue("client", "127.0.0.1"),
            "of another address" => _ours.Issue("client", "192.0.2.1"),
            "expired" => _ours.Issue("client", "127.0.0.1", days: 0),
            _ => null,
        };
        string said = await SClientAsync(files);
        Assert.Equal(isTold, said.Contains("cmts-7", StringComparison.Ordinal)); // The PEPID of Client-Open, the first message.
        // Whoever was refused, the others go on.
        PolicyServerLink manager = await StartAsync(_security);
        Assert.True(manager.IsConnected);
    }

    [Fact]
    public async Task A_plain_client_is_told_nothing()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_cmts.LocalEndPoints[0]);
        await client.GetStream().WriteAsync(Convert.FromHexString("1009000000000008"));
        var buffer = new byte[100];
        int count = 0;
        try
        {
            count = await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(15));
        }
        catch (IOException)
        {
            // A reset says nothing either.
        }
        Assert.DoesNotContain("cmts-7", Encoding.Latin1.GetString(buffer, 0, count), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_policy_server_that_cannot_prove_its_address_is_not_used(bool isOfAnotherAuthority)
    {
        LinkFiles wrong = isOfAnotherAuthority ? _theirs.Issue("impostor", "127.0.0.1") : _ours.Issue("impostor", "192.0.2.9");
        int port = Server.ProgramTests.FreePort();
        using Process impostor = Process.Start(new ProcessStartInfo(
            "openssl", ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", wrong.Certificate, "-key", wrong.Key, "-quiet"])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var log = new ListLogger<PolicyServerLink>();
        try
        {
            var manager = new PolicyServerLink(new ApplicationManagerSettings(1), [new IPEndPoint(IPAddress.Loopback, port)], new MemoryGateJournal(), TimeProvider.System, log, _security);
            _others.Add(manager);
            await manager.StartAsync(CancellationToken.None);
            await Until(() => Task.FromResult(log.Lines.Any(l => l.Contains("certificate", StringComparison.OrdinalIgnoreCase))));
            Assert.False(manager.IsConnected);
        }
        finally
        {
            impostor.Kill();
        }
    }

    [Fact]
    public async Task Changed_files_hold_for_new_links_and_broken_ones_do_not()
    {
        LinkFiles old = _ours.Issue("client", "127.0.0.1"), young = _theirs.Issue("young", "127.0.0.1");
        Assert.Contains("cmts-7", await SClientAsync(old), StringComparison.Ordinal);
        Assert.DoesNotContain("cmts-7", await SClientAsync(young), StringComparison.Ordinal);

        await File.WriteAllTextAsync(_files.Authority, "nothing");
        File.SetLastWriteTimeUtc(_files.Authority, DateTime.UtcNow.AddSeconds(2));
        _certificateTime.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("cmts-7", await SClientAsync(old), StringComparison.Ordinal);

        File.Copy(_theirs.AuthorityFile, _files.Authority, overwrite: true);
        File.SetLastWriteTimeUtc(_files.Authority, DateTime.UtcNow.AddSeconds(4));
        _certificateTime.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain("cmts-7", await SClientAsync(old), StringComparison.Ordinal);
        Assert.Contains("cmts-7", await SClientAsync(young), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_be_used_are_said_in_a_sentence()
    {
        string? sentence = LinkSecurity.Check(_files with { Key = Path.Combine(_folder, "nowhere.key") });
        Assert.StartsWith($"TLS of gate control with certificate {_files.Certificate}", sentence, StringComparison.Ordinal);
        Assert.Null(LinkSecurity.Check(_files));
    }

    [Theory]
    [InlineData("127.0.0.1:3918", "", false, null)]
    [InlineData("192.0.2.10:3918", "", false, "Gate control on 192.0.2.10:3918 would be readable and open to forgery on the network. Name certificate, key and authority for TLS, or set Qos:HasIpsec when IPsec protects the link.")]
    [InlineData("192.0.2.10:3918", "", true, null)]
    [InlineData("192.0.2.10:3918", "a.pem", false, null)]
    public void A_plain_link_to_another_machine_needs_a_word_about_ipsec(string server, string file, bool hasIpsec, string? sentence)
    {
        var options = new QosOptions { PolicyServers = [server], TlsCertificateFile = file, TlsKeyFile = file, TlsAuthorityFile = file, HasIpsec = hasIpsec };
        Assert.Equal(sentence, options.Validate(new global::System.ComponentModel.DataAnnotations.ValidationContext(options)).FirstOrDefault()?.ErrorMessage);
    }

    [Fact]
    public void Two_of_three_files_are_a_fault()
    {
        var options = new QosOptions { TlsCertificateFile = "a.crt", TlsKeyFile = "a.key" };
        Assert.Equal(
            "Qos:Tls...File names 2 of three files. Name the certificate, its key and the authority of the other end, or none.",
            options.Validate(new global::System.ComponentModel.DataAnnotations.ValidationContext(options)).Single().ErrorMessage);
    }

    /// <summary>What a foreign TLS client gets to read before it gives up.</summary>
    private async Task<string> SClientAsync(LinkFiles? files)
    {
        string[] own = files is null ? [] : ["-cert", files.Certificate, "-key", files.Key];
        using Process client = Process.Start(new ProcessStartInfo("openssl", ["s_client", "-connect", _cmts.LocalEndPoints[0].ToString(), "-quiet", .. own])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.Latin1,
        })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Task<string> errors = client.StandardError.ReadToEndAsync(CancellationToken.None);
        var said = new StringBuilder();
        var buffer = new char[256];
        while (!said.ToString().Contains("cmts-7", StringComparison.Ordinal))
        {
            int count = await client.StandardOutput.ReadAsync(buffer, limit.Token);
            if (count == 0) break;
            said.Append(buffer, 0, count);
        }
        client.Kill();
        await errors;
        return said.ToString();
    }

    private async Task<PolicyServerLink> StartAsync(LinkSecurity security)
    {
        var server = new PolicyServerHost(
            new PolicyServerSettings(new Psid(77), [(Prefix("10.1.0.0/16"), 0)]) { CmtsNames = ["cmts-7"] }, [_cmts.LocalEndPoints[0]], new PolicyRules(), TimeProvider.System,
            NullLogger<PolicyServerHost>.Instance, security);
        server.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        _others.Add(server);
        await Until(async () => (await server.SnapshotAsync()).Cmts[0]);
        var manager = new PolicyServerLink(
            new ApplicationManagerSettings(0x5678) { RequestDeadline = TimeSpan.FromSeconds(5) }, [server.LocalEndPoints[0]], new MemoryGateJournal(), TimeProvider.System,
            NullLogger<PolicyServerLink>.Instance, security);
        _others.Insert(0, manager);
        await manager.StartAsync(CancellationToken.None);
        await Until(() => Task.FromResult(manager.Counters.Synchronisations > 0));
        return manager;
    }

    private static Task Until(Func<Task<bool>> condition) => UntilAsync(condition, seconds: 20);
}
