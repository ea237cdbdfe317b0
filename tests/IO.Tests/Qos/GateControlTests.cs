using System.Net;
using System.Net.Sockets;
using MediaRelay.Qos.Cmts;
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

/// <summary>The three shells on loopback sockets.</summary>
public sealed class GateControlTests : IAsyncDisposable
{
    private static readonly SubscriberPrefix[] Loopback = [Prefix("127.0.0.0/8")];
    private readonly CmtsHost _cmts = new(new CmtsSettings { Modems = [Prefix("10.1.0.0/16")] }, TimeProvider.System, NullLogger<CmtsHost>.Instance);
    private readonly List<IAsyncDisposable> _others = [];

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable other in _others) await other.DisposeAsync();
        await _cmts.DisposeAsync();
    }

    [Fact]
    public async Task Gates_are_set_and_deleted_through_the_policy_server()
    {
        PolicyServerLink manager = await StartAsync(new MemoryGateJournal());
        var outcome = new TaskCompletionSource<GateEvent>();
        using IDisposable _ = manager.Subscribe(e => outcome.TrySetResult(e));
        await manager.RequestGatesAsync("s", [Request(1)]);
        GateEvent happened = await outcome.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal((GateEventKind.Set, GateState.Committed), (happened.Kind, happened.State));
        Assert.Equal(1, (await _cmts.SnapshotAsync()).GateCount);
        await manager.ReleaseGatesAsync("s");
        await Until(async () => (await _cmts.SnapshotAsync()).GateCount == 0);
        await Until(() => Task.FromResult(manager.GateCount == 0));
    }

    [Fact]
    public async Task A_thousand_gates_in_one_request_all_have_an_outcome()
    {
        PolicyServerLink manager = await StartAsync(new MemoryGateJournal());
        int set = 0;
        using IDisposable _ = manager.Subscribe(e => { if (e.Kind == GateEventKind.Set) Interlocked.Increment(ref set); });
        await manager.RequestGatesAsync("s", [.. Enumerable.Range(0, 1000).Select(Request)]);
        await Until(() => Task.FromResult(Volatile.Read(ref set) == 1000));
    }

    [Fact]
    public async Task A_broken_peer_is_closed_and_the_others_go_on()
    {
        PolicyServerLink manager = await StartAsync(new MemoryGateJournal());
        using var broken = new TcpClient();
        await broken.ConnectAsync(_cmts.LocalEndPoints[0]);
        await broken.GetStream().WriteAsync(Convert.FromHexString("1002800a7ffffffc"));
        var buffer = new byte[1024];
        int total = 0, count;
        while ((count = await broken.GetStream().ReadAsync(buffer.AsMemory(total)).AsTask().WaitAsync(TimeSpan.FromSeconds(10))) > 0) total += count;
        Assert.EndsWith("1008800A000000100008080100030000", Convert.ToHexString(buffer.AsSpan(0, total)), StringComparison.Ordinal); // Client-Close with error 3.
        var outcome = new TaskCompletionSource<GateEvent>();
        using IDisposable _ = manager.Subscribe(e => outcome.TrySetResult(e));
        await manager.RequestGatesAsync("s", [Request(1)]);
        Assert.Equal(GateEventKind.Set, (await outcome.Task.WaitAsync(TimeSpan.FromSeconds(10))).Kind);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_refused_at_once()
    {
        _cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), [Prefix("10.0.0.0/8")]);
        using var client = new TcpClient();
        await client.ConnectAsync(_cmts.LocalEndPoints[0]);
        int count;
        try
        {
            count = await client.GetStream().ReadAsync(new byte[10]).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (IOException)
        {
            count = 0; // A reset says the same.
        }
        Assert.Equal(0, count);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_means_no_gate_and_a_timely_outcome()
    {
        PolicyServerLink manager = await StartAsync(new BrokenJournal());
        var outcome = new TaskCompletionSource<GateEvent>();
        using IDisposable _ = manager.Subscribe(e => outcome.TrySetResult(e));
        await manager.RequestGatesAsync("s", [Request(1)]);
        Assert.Equal(GateEventKind.Unavailable, (await outcome.Task.WaitAsync(TimeSpan.FromSeconds(10))).Kind);
        Assert.Equal(0, (await _cmts.SnapshotAsync()).GateCount);
    }

    [Fact]
    public async Task A_file_journal_survives_a_restart_and_a_torn_last_line()
    {
        string folder = Directory.CreateTempSubdirectory("mediarelay-journal-").FullName;
        string path = Path.Combine(folder, "gates.journal");
        var kept = new GateJournalEntry(new GateHandle(0x1234), "look-in 7", new GateId(9), 146, [1, 2, 3]);
        using (var journal = new FileGateJournal(path))
        {
            Assert.Empty(await journal.LoadAsync(CancellationToken.None));
            await journal.CommitAsync([kept with { Gate = default }, kept with { Handle = new GateHandle(5) }], [], CancellationToken.None);
            await journal.CommitAsync([kept], [new GateHandle(5)], CancellationToken.None);
        }
        await File.AppendAllTextAsync(path, "+ 0000000000000077 00000001 0 =");
        using (var journal = new FileGateJournal(path))
        {
            GateJournalEntry entry = Assert.Single(await journal.LoadAsync(CancellationToken.None));
            Assert.Equal((kept.Handle, kept.Session, kept.Gate, kept.ElementId), (entry.Handle, entry.Session, entry.Gate, entry.ElementId));
            Assert.Equal(kept.Objects, entry.Objects);
        }
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Changed_rules_hold_at_once_and_broken_ones_do_not()
    {
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "{}");
        var used = new List<PolicyRules>();
        var time = new ManualTime();
        using (var file = new RulesFile(path, rules => { used.Add(rules); return Task.CompletedTask; }, time, NullLogger<RulesFile>.Instance))
        {
            await File.WriteAllTextAsync(path, """{ "maxGatesPerSubscriber": "many" }""");
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Empty(used);
            await File.WriteAllTextAsync(path, """{ "maxGatesPerSubscriber": 8 }""");
            time.Advance(TimeSpan.FromSeconds(1));
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(8, Assert.Single(used).MaxGatesPerSubscriber);
        File.Delete(path);
    }

    [Theory]
    [InlineData("", "Qos:PolicyServers is empty. Name at least one policy server, e.g. \"192.0.2.10:3918\".")]
    [InlineData("somewhere", "Qos:PolicyServers has \"somewhere\", which is no address and port. Write e.g. \"192.0.2.10:3918\".")]
    public void A_wrong_option_is_said_in_a_sentence(string server, string sentence)
    {
        var options = new QosOptions { PolicyServers = server.Length == 0 ? [] : [server] };
        Assert.Equal(sentence, options.Validate(new global::System.ComponentModel.DataAnnotations.ValidationContext(options)).First().ErrorMessage);
    }

    [Fact]
    public void An_open_endpoint_without_a_key_is_refused()
    {
        var options = new QosOptions { PolicyServers = ["127.0.0.1:3918"], ApplicationServerListen = "0.0.0.0:8092" };
        Assert.Contains("ApplicationServerKeyFile is empty", options.Validate(new global::System.ComponentModel.DataAnnotations.ValidationContext(options)).Single().ErrorMessage, StringComparison.Ordinal);
    }

    private async Task<PolicyServerLink> StartAsync(IGateJournal journal)
    {
        _cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        var server = new PolicyServerHost(
            new PolicyServerSettings(new Psid(77), [(Prefix("10.1.0.0/16"), 0)]), [_cmts.LocalEndPoints[0]], new PolicyRules(), TimeProvider.System, NullLogger<PolicyServerHost>.Instance);
        server.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        await Until(async () => (await server.SnapshotAsync()).Cmts[0]);
        var manager = new PolicyServerLink(new ApplicationManagerSettings(0x5678) { RequestDeadline = TimeSpan.FromSeconds(2) }, [server.LocalEndPoints[0]], journal, TimeProvider.System, NullLogger<PolicyServerLink>.Instance);
        _others.Add(manager);
        _others.Add(server);
        await manager.StartAsync(CancellationToken.None);
        await Until(() => Task.FromResult(manager.Counters.Synchronisations > 0));
        return manager;
    }

    private sealed class BrokenJournal : IGateJournal
    {
        public Task<IReadOnlyList<GateJournalEntry>> LoadAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<GateJournalEntry>>([]);

        public ValueTask CommitAsync(IReadOnlyList<GateJournalEntry> writes, IReadOnlyList<GateHandle> removals, CancellationToken cancellation) => throw new IOException("No space left on device");
    }

    private static Task Until(Func<Task<bool>> condition) => UntilAsync(condition, seconds: 10);
}
