using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Journal;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using Microsoft.Extensions.Logging.Abstractions;
using static MediaRelay.IO.Tests.Qos.GateSteps;

namespace MediaRelay.IO.Tests.Qos;

/// <summary>A policy server or CMTS that is lost in each of four ways: the session is told within a second, and the gate comes when the peer is back.</summary>
public sealed class LostPeerTests : IAsyncDisposable
{
    private static readonly SubscriberPrefix[] Loopback = [Prefix("127.0.0.0/8")];
    private readonly CopsSettings _cops = new() { KeepAlive = TimeSpan.FromSeconds(1), OpenTimeout = TimeSpan.FromSeconds(1) };
    private readonly CmtsHost _cmts = new(new CmtsSettings { Modems = [Prefix("10.1.0.0/16")] }, TimeProvider.System, NullLogger<CmtsHost>.Instance);
    private readonly MemoryGateJournal _journal = new();
    private FaultyWire _north = null!, _south = null!;
    private PolicyServerHost _server = null!;
    private PolicyServerLink _manager = null!;

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _server.DisposeAsync();
        await _cmts.DisposeAsync();
        _north.Dispose();
        _south.Dispose();
    }

    [Theory]
    [InlineData("policy server", "Close")]
    [InlineData("policy server", "Reset")]
    [InlineData("policy server", "BlackHole")]
    [InlineData("policy server", "Silence")]
    [InlineData("CMTS", "Close")]
    [InlineData("CMTS", "Reset")]
    [InlineData("CMTS", "BlackHole")]
    [InlineData("CMTS", "Silence")]
    public async Task A_session_starts_without_qos_within_a_second_and_gets_its_gate_when_the_peer_is_back(string lost, string fault)
    {
        await StartAsync();
        FaultyWire wire = lost == "CMTS" ? _south : _north;
        var events = new List<(GateEventKind Kind, TimeSpan At)>();
        wire.Fault = Enum.Parse<Fault>(fault);
        var clock = Stopwatch.StartNew();
        using IDisposable _ = _manager.Subscribe(e => { lock (events) events.Add((e.Kind, clock.Elapsed)); });
        await _manager.RequestGatesAsync("s", [Request(7)]);
        await Until(() => Seen(events).Count > 0);
        (GateEventKind kind, TimeSpan at) = Seen(events)[0];
        Assert.Equal(GateEventKind.Unavailable, kind);
        Assert.InRange(at, TimeSpan.Zero, TimeSpan.FromSeconds(6)); // A second, and what a busy machine adds; without the deadline it would be told when the peer is back.

        wire.Fault = Fault.None;
        await Until(() => Seen(events).Any(e => e.Kind == GateEventKind.Set));
        await Until(() => _manager.GateCount == 1 && _manager.IsConnected);
        await Until(async () => (await _cmts.SnapshotAsync()).GateCount == 1 && (await _server.SnapshotAsync()).Gates == 1);
        await _manager.ReleaseGatesAsync("s");
        await Until(async () => (await _cmts.SnapshotAsync()).GateCount == 0 && (await _journal.LoadAsync(CancellationToken.None)).Count == 0);
    }

    private static List<(GateEventKind Kind, TimeSpan At)> Seen(List<(GateEventKind, TimeSpan)> events)
    {
        lock (events) return [.. events];
    }

    private async Task StartAsync()
    {
        _cmts.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        _south = new FaultyWire(_cmts.LocalEndPoints[0]);
        _server = new PolicyServerHost(
            new PolicyServerSettings(new Psid(77), [(Prefix("10.1.0.0/16"), 0)]) { South = _cops, AnswerTimeout = TimeSpan.FromMilliseconds(500) }, [_south.Address], new PolicyRules(),
            TimeProvider.System, NullLogger<PolicyServerHost>.Instance);
        _server.Start(new IPEndPoint(IPAddress.Loopback, 0), Loopback);
        _north = new FaultyWire(_server.LocalEndPoints[0]);
        await Until(async () => (await _server.SnapshotAsync()).Cmts[0]);
        _manager = new PolicyServerLink(
            new ApplicationManagerSettings(0x5678) { Cops = _cops, AnswerTimeout = TimeSpan.FromSeconds(1) }, [_north.Address], _journal, TimeProvider.System, NullLogger<PolicyServerLink>.Instance);
        await _manager.StartAsync(CancellationToken.None);
        await Until(() => _manager.Counters.Synchronisations > 0);
    }

    /// <summary>How the wire fails; new connections meet the same fault.</summary>
    private enum Fault { None, Close, Reset, BlackHole, Silence }

    /// <summary>A TCP wire between two ends that can be made to fail.</summary>
    private sealed class FaultyWire : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly IPEndPoint _target;
        private readonly List<Socket> _sockets = [];
        private volatile Fault _fault;

        public FaultyWire(IPEndPoint target)
        {
            _target = target;
            _listener.Start();
            Address = (IPEndPoint)_listener.LocalEndpoint;
            _ = AcceptAsync();
        }

        public IPEndPoint Address { get; }

        public Fault Fault
        {
            get => _fault;
            set
            {
                _fault = value;
                if (value is Fault.Close or Fault.Reset or Fault.Silence) EndAll(isReset: value == Fault.Reset);
            }
        }

        public void Dispose()
        {
            _listener.Dispose();
            EndAll(isReset: true);
        }

        private void EndAll(bool isReset)
        {
            lock (_sockets)
            {
                foreach (Socket socket in _sockets) End(socket, isReset);
                _sockets.Clear();
            }
        }

        private static void End(Socket socket, bool isReset)
        {
            try
            {
                if (isReset) socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }
            catch (ObjectDisposedException)
            {
                // Its other side has ended it.
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    Socket near = await _listener.AcceptSocketAsync();
                    if (_fault is Fault.Close or Fault.Reset) End(near, _fault == Fault.Reset);
                    else if (_fault is Fault.None) _ = JoinAsync(near);
                    else lock (_sockets) _sockets.Add(near); // Accepted, and not a word.
                }
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // Disposed.
            }
        }

        private async Task JoinAsync(Socket near)
        {
            var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            near.NoDelay = true;
            lock (_sockets) _sockets.AddRange([near, far]);
            try
            {
                await far.ConnectAsync(_target);
                await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // Ended by a fault.
            }
            End(near, isReset: false);
            End(far, isReset: false);
        }

        private async Task CopyAsync(Socket from, Socket to)
        {
            var buffer = new byte[65536];
            bool isLost = false;
            try
            {
                int count;
                while ((count = await from.ReceiveAsync(buffer)) > 0)
                {
                    // What a black hole has swallowed never comes again: the connection stays dead after it.
                    isLost |= _fault == Fault.BlackHole;
                    if (!isLost) await to.SendAsync(buffer.AsMemory(0, count));
                }
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // Ended by a fault.
            }
        }
    }

    private static Task Until(Func<Task<bool>> condition) => UntilAsync(condition, seconds: 30);

    private static Task Until(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()), seconds: 30);
}
