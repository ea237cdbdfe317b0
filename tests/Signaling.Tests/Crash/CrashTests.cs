using System.Diagnostics;
using System.Globalization;
using MediaRelay.Gateway.Queue;
using MediaRelay.Gateway.Sensors;
using MediaRelay.Gateway.Session;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;
using MediaRelay.Signaling.Tests.Server;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.Signaling.Tests.Server.ServerRig;

namespace MediaRelay.Signaling.Tests.Crash;

/// <summary>
/// kill -9 at random moments while numbered messages flow: nothing acknowledged is lost, nothing is acted on twice.
/// The number of kills is small in every run; set MEDIARELAY_KILLS=100 for the long form.
/// </summary>
public sealed class CrashTests : IDisposable
{
    private static readonly int? s_kills = int.TryParse(Environment.GetEnvironmentVariable("MEDIARELAY_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out int kills) ? kills : null;

    private readonly string _folder = Directory.CreateTempSubdirectory("sma-crash").FullName;
    private readonly Random _random = new(20261121);
    private Process? _child;

    public void Dispose()
    {
        Kill();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public async Task Killing_the_storage_loses_nothing_that_was_acknowledged()
    {
        await using (SqliteStorage storage = SqliteStorage.Open(_folder))
            await storage.Gateways.SaveAsync(new GatewayRecord { Id = "g1" });
        var acknowledged = new ulong[4];
        for (int round = 0; round < (s_kills ?? 10); round++)
        {
            Process child = Start("storage", _folder);
            string first = child.StandardOutput.ReadLine()!;
            Note(first, acknowledged);
            Task<string> rest = child.StandardOutput.ReadToEndAsync();
            await Task.Delay(_random.Next(1, 60));
            Kill();
            foreach (string line in (await rest).Split('\n').SkipLast(1))
                Note(line, acknowledged);
        }

        await using SqliteStorage survived = SqliteStorage.Open(_folder);
        JournalVerdict verdict = survived.Events.Verify();
        Assert.Empty(verdict.Faults);
        for (int lane = 0; lane < 4; lane++)
        {
            ulong contiguous = await survived.Events.ContiguousAsync("g1", "lane-" + lane);
            // One append per lane may have become durable without its acknowledgement being seen.
            Assert.InRange(contiguous, acknowledged[lane], acknowledged[lane] + (ulong)(s_kills ?? 10));
            ulong[] stored = [.. Pages(survived).Where(one => one.Epoch == "lane-" + lane).Select(one => one.Event.Seq)];
            Assert.Equal(Enumerable.Range(1, (int)contiguous).Select(n => (ulong)n), stored);
        }
    }

    [Fact]
    public async Task Killing_the_server_loses_no_event_and_repeats_no_instruction()
    {
        ServerRig rig = await ServerRig.StartAsync();
        await rig.StopAsync();
        Process child = Start("server", rig.Folder, "0", "i-0");
        int port = Port(child);
        Task<string> printed = child.StandardOutput.ReadToEndAsync();
        using var queue = new MemoryEventQueue();
        using var link = new SmaHttpLink(GatewayId, [new Uri($"https://127.0.0.1:{port}")], System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(rig.CaFile), rig.CertificateOf(GatewayId), null);
        var acted = new List<string>();
        using var gateway = new GatewayRuntime(new GatewayProfile { Id = GatewayId }, queue, link, [new SimulatedAdaptor()], new NoMedia(), TimeProvider.System, NullLogger.Instance)
        {
            InstructionBegun = instruction => acted.Add(instruction.Id),
        };
        using var stop = new CancellationTokenSource();
        Task running = gateway.RunAsync(stop.Token);
        int emitted = 0;
        var given = new List<string>();
        for (int round = 0; round < (s_kills ?? 4); round++)
        {
            await UntilAsync(() => gateway.IsConnected, "the session after kill " + round, 60);
            var life = Stopwatch.StartNew();
            int length = _random.Next(20, 300);
            while (life.ElapsedMilliseconds < length)
            {
                gateway.Emit(new SmaEvent { Id = "", Seq = 0, Time = DateTimeOffset.UtcNow, Kind = "numbered", Body = new TextBody($"{emitted++}"), Priority = emitted % 7 == 0 ? EventPriority.Alarm : EventPriority.Status });
                await Task.Delay(2);
            }

            Kill();
            // The last line may be half written; its instruction is durable or not, as it was when the server died.
            given.AddRange((await printed).Split('\n').SkipLast(1));
            bool isLast = round + 1 == (s_kills ?? 4);
            string[] more = isLast ? [] : [$"i-{round + 1}"];
            child = Start(["server", rig.Folder, port.ToString(CultureInfo.InvariantCulture), .. more]);
            Port(child);
            printed = child.StandardOutput.ReadToEndAsync();
        }

        await UntilAsync(() => gateway.IsConnected, "the last session", 60);
        await UntilAsync(() => WaitingInstructions(rig.Folder) == 0 && gateway.Backlog == 0, "everything delivered", 90);
        await stop.CancelAsync();
        await running;
        Kill();
        await using SqliteStorage survived = SqliteStorage.Open(rig.Folder);
        Assert.Empty(survived.Events.Verify().Faults);
        Assert.Equal(Enumerable.Range(0, emitted), Pages(survived).Where(one => one.Event.Kind == "numbered").Select(one => int.Parse(((TextBody)one.Event.Body!).Text, CultureInfo.InvariantCulture)).Order());
        Assert.Equal(acted.Distinct().Count(), acted.Count);
        Assert.Empty(given.Except(acted));
        Assert.True(given.Count > (s_kills ?? 4), $"only {given.Count} instructions were given");
        Assert.Equal(acted.Order(StringComparer.Ordinal), Pages(survived).Where(one => one.Event.Kind == SmaEventKinds.InstructionResult).Select(one => one.Event.Cause!).Order(StringComparer.Ordinal));
        Directory.Delete(rig.Folder, true);
    }

    [Fact]
    public async Task Killing_the_gateway_loses_no_event_and_acts_on_no_instruction_twice()
    {
        await using ServerRig rig = await ServerRig.StartAsync(options =>
        {
            options.EventsPerSecond = 100_000;
            options.RequestsPerSecond = 10_000;
        });
        string queue = Path.Combine(_folder, "gateway");
        string port = rig.Address.Port.ToString(CultureInfo.InvariantCulture);
        int sent = 0;
        for (int round = 0; round < (s_kills ?? 5); round++)
        {
            Process child = Start("gateway", queue, rig.Folder, port);
            Assert.Equal("ready", child.StandardOutput.ReadLine());
            var life = Stopwatch.StartNew();
            int length = _random.Next(30, 700);
            while (life.ElapsedMilliseconds < length)
            {
                await rig.Links.SendAsync(GatewayId, new Instruction { Id = "i-" + sent++, Time = DateTimeOffset.UtcNow, Expires = DateTimeOffset.UtcNow.AddHours(1), Kind = InstructionKinds.TimeHint });
                await Task.Delay(_random.Next(1, 20));
            }

            Kill();
        }

        Start("gateway", queue, rig.Folder, port);
        await UntilAsync(() => Results(rig).Count >= sent, "all results", 60);
        Kill();
        string[] acted = File.ReadAllLines(Path.Combine(queue, "acted.log"));
        Assert.Equal(acted.Length, acted.Distinct().Count());
        List<SmaEvent> results = Results(rig);
        Assert.Equal(Enumerable.Range(0, sent).Select(n => "i-" + n).Order(StringComparer.Ordinal), results.Select(one => one.Cause!).Order(StringComparer.Ordinal));
        Assert.All(results, one => Assert.True(((ResultBody)one.Body!) is { Outcome: "done" } or { Code: "interrupted" }));
        // Every number that was durable in the gateway arrives, once, without a gap.
        using (var left = new FileEventQueue(queue))
        {
            StoredEvent[] stored = [.. Pages(rig.Sqlite).Where(one => one.Epoch == left.Epoch)];
            ulong contiguous = await rig.Storage.Events.ContiguousAsync(GatewayId, left.Epoch);
            Assert.Equal(Enumerable.Range(1, stored.Length).Select(n => (ulong)n), stored.Select(one => one.Event.Seq).Order());
            Assert.Equal((ulong)stored.Length, contiguous);
            Assert.True(left.FirstEvent <= contiguous + 1);
        }
    }

    /// <summary>What another process has in its queue.</summary>
    private static long WaitingInstructions(string folder)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, SqliteStorage.FileName)};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM instructions";
        return (long)command.ExecuteScalar()!;
    }

    private static List<SmaEvent> Results(ServerRig rig) => [.. Pages(rig.Sqlite).Select(one => one.Event).Where(one => one.Kind == SmaEventKinds.InstructionResult)];

    private static IEnumerable<StoredEvent> Pages(SqliteStorage storage)
    {
        long position = 0;
        while (storage.Events.Read(position, 1000) is { Count: > 0 } page)
        {
            foreach (StoredEvent one in page)
                yield return one;
            position = page[^1].Position;
        }
    }

    private static void Note(string line, ulong[] acknowledged)
    {
        string[] parts = line.Split(' ');
        int lane = int.Parse(parts[0], CultureInfo.InvariantCulture);
        acknowledged[lane] = Math.Max(acknowledged[lane], ulong.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private static int Port(Process child) => int.Parse(child.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);

    private Process Start(params string[] arguments)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var info = new ProcessStartInfo(dotnet, ["exec", typeof(CrashChild).Assembly.Location, .. arguments]) { RedirectStandardOutput = true };
        info.Environment["DOTNET_TieredPGO"] = "0";
        info.Environment["DOTNET_TieredCompilation"] = "1";
        _child = Process.Start(info)!;
        return _child;
    }

    private void Kill()
    {
        if (_child is null)
            return;
        if (!_child.HasExited)
            _child.Kill();
        _child.WaitForExit();
        _child.Dispose();
        _child = null;
    }
}
