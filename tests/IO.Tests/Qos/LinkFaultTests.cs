using System.Net;
using System.Net.Sockets;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.IO.Tests.Qos.GateSteps;

namespace MediaRelay.IO.Tests.Qos;

/// <summary>A fault of our own costs the link that brought it, or one engine; never the owner, and never silently.</summary>
public sealed class LinkFaultTests : IAsyncDisposable
{
    private const int Resets = 200;
    private static readonly SubscriberPrefix[] Loopback = [Prefix("127.0.0.0/8")];
    private PolicyServerHost? _server;

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;

    [Fact]
    public async Task Peers_that_reset_while_their_commands_are_answered_do_not_end_the_engine()
    {
        var log = new ListLogger<CmtsHost>();
        await using var cmts = new CmtsHost(new CmtsSettings { Modems = [Prefix("10.1.0.0/16")] }, TimeProvider.System, log);
        cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        for (int i = 0; i < Resets; i++)
        {
            (TcpClient peer, byte[] handle) = await OpenAsync(cmts.LocalEndPoints[0]);
            using TcpClient closing = peer;
            await peer.GetStream().WriteAsync(Commands(handle, 900));
            Reset(peer);
        }
        (TcpClient last, byte[] own) = await OpenAsync(cmts.LocalEndPoints[0]);
        using TcpClient ending = last;
        await last.GetStream().WriteAsync(Commands(own, 1));
        Assert.Equal(9, (await ReadAsync(last.GetStream()))[35]); // Gate-Info-Err.
        Assert.DoesNotContain(log.Lines, l => l.Contains("fault", StringComparison.Ordinal) || l.Contains("failed inside", StringComparison.Ordinal));
    }

    /// <summary>The same in one known order: the receive loop has met the reset and ended the socket, and the owner has an answer to send.</summary>
    [Fact]
    public async Task A_reset_before_an_answer_is_sent_is_the_end_of_that_link_and_no_fault()
    {
        var log = new ListLogger<EchoLoop>();
        await using var loop = new EchoLoop(log);
        using TcpClient good = await loop.ConnectAsync(), bad = await loop.ConnectAsync();
        await bad.GetStream().WriteAsync(new[] { (byte)Place.AwaitsReset });
        await loop.Awaiting.WaitAsync(TimeSpan.FromSeconds(10));
        Reset(bad);
        await Until(() => loop.Closed == 1);
        Assert.Equal(42, await EchoAsync(good, 42));
        Assert.Equal(0, loop.Renewals);
        Assert.DoesNotContain(log.Lines, l => l.Contains("fault", StringComparison.Ordinal) || l.Contains("failed inside", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Place.Received)]
    [InlineData(Place.Output)]
    [InlineData(Place.OutputAndClosed)]
    public async Task A_fault_that_one_link_brings_closes_that_link_alone(Place place)
    {
        var log = new ListLogger<EchoLoop>();
        await using var loop = new EchoLoop(log);
        using TcpClient good = await loop.ConnectAsync(), bad = await loop.ConnectAsync();
        await bad.GetStream().WriteAsync(new[] { (byte)place });
        Assert.True(await IsClosedAsync(bad));
        Assert.Equal(42, await EchoAsync(good, 42));
        Assert.Equal(0, loop.Renewals);
        Assert.Contains(log.Lines, l => l.Contains("that connection was closed and the rest goes on", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Place.Deadline)]
    [InlineData(Place.Commands)]
    [InlineData(Place.CommandsAndRenewal)]
    public async Task A_fault_that_belongs_to_no_link_restarts_the_engine_alone(Place place)
    {
        var log = new ListLogger<EchoLoop>();
        await using var loop = new EchoLoop(log);
        using TcpClient before = await loop.ConnectAsync();
        await before.GetStream().WriteAsync(new[] { (byte)place });
        Assert.True(await IsClosedAsync(before));
        using TcpClient after = await loop.ConnectAsync();
        Assert.Equal(42, await EchoAsync(after, 42));
        Assert.Equal(1, loop.Renewals);
        Assert.Equal(place == Place.CommandsAndRenewal ? 2 : 1, log.Lines.Count(l => l.Contains("it starts again in", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_listener_that_throws_takes_nothing_from_the_other_sessions()
    {
        var log = new ListLogger<PolicyServerLink>();
        await using CmtsHost cmts = StartCmts();
        await using PolicyServerLink manager = await StartAsync(cmts, new MemoryGateJournal(), log);
        var heard = new List<string>();
        using IDisposable first = manager.Subscribe(_ => throw new InvalidOperationException("a session's fault"));
        using IDisposable second = manager.Subscribe(e => { lock (heard) heard.Add($"{e.Session} {e.Kind}"); });
        await manager.RequestGatesAsync("a", [Request(1)]);
        await manager.RequestGatesAsync("b", [Request(2)]);
        await Until(() => { lock (heard) return heard.Contains("a Set") && heard.Contains("b Set"); });
        Assert.Contains(log.Lines, l => l.StartsWith("A listener for gate events failed at \"Set\" of session a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_journal_that_fails_in_an_unknown_way_restarts_the_manager_and_sessions_keep_their_gates()
    {
        var log = new ListLogger<PolicyServerLink>();
        var journal = new FaultyJournal();
        await using CmtsHost cmts = StartCmts();
        await using PolicyServerLink manager = await StartAsync(cmts, journal, log);
        var heard = new List<string>();
        using IDisposable all = manager.Subscribe(e => { lock (heard) heard.Add($"{e.Session} {e.Kind}"); });
        await manager.RequestGatesAsync("held", [Request(1)]);
        await Until(() => { lock (heard) return heard.Contains("held Set"); });
        journal.FailsOnce = true;
        await manager.RequestGatesAsync("caught", [Request(2)]);
        await Until(() => { lock (heard) return heard.Contains("caught Unavailable"); });
        await Until(() => manager.IsConnected && manager.Counters.Synchronisations > 0);
        await manager.RequestGatesAsync("later", [Request(3)]);
        await Until(() => { lock (heard) return heard.Contains("later Set"); });
        Assert.Equal(["held", "later"], (await manager.SnapshotAsync()).Select(g => g.Session).Order(StringComparer.Ordinal));
        Assert.Equal(2, (await cmts.SnapshotAsync()).GateCount);
        Assert.Single(log.Lines, l => l.Contains("it starts again in", StringComparison.Ordinal));
        await manager.ReleaseGatesAsync("held");
        await manager.ReleaseGatesAsync("later");
        await Until(() => manager.GateCount == 0);
        Assert.Equal(0, (await cmts.SnapshotAsync()).GateCount);
    }

    private static CmtsHost StartCmts()
    {
        var cmts = new CmtsHost(new CmtsSettings { Modems = [Prefix("10.1.0.0/16")] }, TimeProvider.System, NullLogger<CmtsHost>.Instance);
        cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        return cmts;
    }

    /// <summary>An application manager that reaches the CMTS through a policy server.</summary>
    private async Task<PolicyServerLink> StartAsync(CmtsHost cmts, IGateJournal journal, ILogger<PolicyServerLink> log)
    {
        _server = new PolicyServerHost(
            new PolicyServerSettings(new Psid(77), [(Prefix("10.1.0.0/16"), 0)]), [cmts.LocalEndPoints[0]], new PolicyRules(), TimeProvider.System, NullLogger<PolicyServerHost>.Instance);
        _server.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        var settings = new ApplicationManagerSettings(0x5678) { RequestDeadline = TimeSpan.FromSeconds(10) };
        var manager = new PolicyServerLink(settings, [_server.LocalEndPoints[0]], journal, TimeProvider.System, log);
        await manager.StartAsync(CancellationToken.None);
        await Until(() => manager.Counters.Synchronisations > 0);
        return manager;
    }

    /// <summary>Connects as a policy server and gives the handle of the enforcement point's request.</summary>
    private static async Task<(TcpClient Peer, byte[] Handle)> OpenAsync(IPEndPoint address)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address);
        Assert.Equal(6, (await ReadAsync(client.GetStream()))[1]);
        await client.GetStream().WriteAsync(Convert.FromHexString("1007800a0000001000080a010000003c"));
        return (client, (await ReadAsync(client.GetStream()))[12..16]);
    }

    /// <summary>Gate-Info for a gate that does not exist, many times in one piece.</summary>
    private static byte[] Commands(byte[] handle, int count)
    {
        byte[] payload = Convert.FromHexString("0008010100020007" + "0008020100005678" + "000803010a01000d" + "0008040100000001");
        byte[] one = [.. Convert.FromHexString("1002800a00000000" + "00080101"), .. handle, .. Convert.FromHexString("0008020100080000" + "0008060100010000" + "00000604"), .. payload];
        one[7] = (byte)one.Length;
        one[33] = (byte)(payload.Length + 4);
        return [.. Enumerable.Repeat(one, count).SelectMany(m => m)];
    }

    private static async Task<byte[]> ReadAsync(NetworkStream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var header = new byte[8];
        await stream.ReadExactlyAsync(header, limit.Token);
        byte[] message = [.. header, .. new byte[((header[6] << 8) | header[7]) - 8]];
        await stream.ReadExactlyAsync(message.AsMemory(8), limit.Token);
        return message;
    }

    /// <summary>Ends the socket itself: ending the client would say an orderly end first.</summary>
    private static void Reset(TcpClient client)
    {
        client.Client.LingerState = new LingerOption(true, 0);
        client.Client.Close();
    }

    private static async Task<int> EchoAsync(TcpClient client, byte value)
    {
        await client.GetStream().WriteAsync(new[] { value });
        var answer = new byte[1];
        await client.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        return answer[0];
    }

    private static async Task<bool> IsClosedAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10)) == 0;
        }
        catch (IOException)
        {
            return true; // A reset says the same.
        }
    }

    /// <summary>Where the engine of <see cref="EchoLoop"/> fails when it receives this as a byte; at the last it holds the owner until the link's end waits in the mailbox.</summary>
    public enum Place { Received = 1, Output, OutputAndClosed, Deadline, Commands, CommandsAndRenewal, AwaitsReset = 8 }

    /// <summary>An engine that gives back what it gets, and fails when told to.</summary>
    private sealed class EchoLoop : EngineLoop
    {
        private readonly Dictionary<int, byte[]> _output = [];
        private readonly List<int> _touched = [];
        private readonly TaskCompletionSource _awaiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TimeSpan? _deadline;
        private int _closed;
        private Place _next;
        private bool _failsToRenew;

        public EchoLoop(ILogger logger)
            : base(TimeProvider.System, logger, security: null)
        {
            Run();
            Listen(new IPEndPoint(IPAddress.Loopback, 0), _ => true);
        }

        public int Renewals { get; private set; }

        public int Closed => Volatile.Read(ref _closed);

        /// <summary>The owner is held.</summary>
        public Task Awaiting => _awaiting.Task;

        protected override TimeSpan? NextDeadline => _deadline;

        public async Task<TcpClient> ConnectAsync()
        {
            var client = new TcpClient();
            await client.ConnectAsync(LocalEndPoints[0]);
            Assert.Equal(7, await EchoAsync(client, 7)); // Accepted by the engine, too.
            return client;
        }

        protected override ReadOnlySpan<byte> PendingOutput(int link)
        {
            byte[] pending = _output.GetValueOrDefault(link, []);
            if (pending.Length > 0 && (Place)pending[0] is Place.Output or Place.OutputAndClosed) throw new InvalidOperationException("output");
            return pending;
        }

        protected override void ConsumeOutput(int link, int count) => _output[link] = _output[link][count..];

        protected override void OnReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now)
        {
            _next = (Place)bytes[0];
            if (_next == Place.Received) throw new InvalidOperationException("received");
            if (_next == Place.Deadline) _deadline = now;
            _failsToRenew = _next == Place.CommandsAndRenewal;
            _output[link] = [.. _output.GetValueOrDefault(link, []), .. bytes];
            _touched.Add(link);
            if (_next != Place.AwaitsReset) return;
            _awaiting.SetResult();
            SpinWait.SpinUntil(() => Waiting > 0, TimeSpan.FromSeconds(10));
            Send(link);
        }

        protected override void OnAccepted(int link, string peer, TimeSpan now) => _output[link] = [];

        protected override void OnConnected(int link, TimeSpan now) => throw new NotSupportedException();

        protected override void OnConnectFailed(int link, TimeSpan now) => throw new NotSupportedException();

        protected override void OnClosed(int link, TimeSpan now)
        {
            Interlocked.Increment(ref _closed);
            byte[] left = _output.GetValueOrDefault(link, []);
            _output.Remove(link);
            if (left.Length > 0 && (Place)left[0] == Place.OutputAndClosed) throw new InvalidOperationException("closed");
        }

        protected override void OnWritable(int link, TimeSpan now)
        {
        }

        protected override void OnDeadline(TimeSpan now) => throw new InvalidOperationException("deadline");

        protected override ValueTask CarryOutAsync()
        {
            if (_next is Place.Commands or Place.CommandsAndRenewal) throw new InvalidOperationException("commands");
            foreach (int link in _touched)
            {
                try
                {
                    Send(link);
                }
                catch (InvalidOperationException fault)
                {
                    Contain(fault, link);
                }
            }
            _touched.Clear();
            return default;
        }

        protected override ValueTask RenewAsync()
        {
            if (_failsToRenew)
            {
                _failsToRenew = false;
                throw new InvalidOperationException("renewal");
            }
            _output.Clear();
            _touched.Clear();
            _next = default;
            _deadline = null;
            Renewals++;
            return default;
        }

        protected override void OnStopping()
        {
        }
    }

    /// <summary>A journal with a fault of its own.</summary>
    private sealed class FaultyJournal : IGateJournal
    {
        private readonly MemoryGateJournal _inner = new();

        public bool FailsOnce { get; set; }

        public Task<IReadOnlyList<GateJournalEntry>> LoadAsync(CancellationToken cancellation) => _inner.LoadAsync(cancellation);

        public ValueTask CommitAsync(IReadOnlyList<GateJournalEntry> writes, IReadOnlyList<GateHandle> removals, CancellationToken cancellation)
        {
            if (!FailsOnce) return _inner.CommitAsync(writes, removals, cancellation);
            FailsOnce = false;
            throw new InvalidOperationException("a fault of ours");
        }
    }

    private static Task Until(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()), seconds: 20);
}
