using System.Net;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <summary>An emulated CMTS on real sockets: the engine, its listener, and a traffic source that keeps committed gates busy.</summary>
public sealed class CmtsHost : IAsyncDisposable
{
    private readonly Loop _loop;

    /// <param name="security">TLS of all links, or null.</param>
    public CmtsHost(CmtsSettings settings, TimeProvider clock, ILogger<CmtsHost> logger, LinkSecurity? security = null) => _loop = new Loop(settings, clock, logger, security);

    public CmtsCounters Counters => _loop.Engine.Counters;

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<IPEndPoint> LocalEndPoints => _loop.LocalEndPoints;

    /// <summary>Listens and begins. Throws SocketException when the address cannot be used.</summary>
    /// <param name="listen">Address and port, 3918 by custom; 0 lets the system choose.</param>
    /// <param name="allowed">Ranges that may connect.</param>
    /// <param name="trafficShare">Share of the committed rate that flows on every committed gate, 0 to 1.</param>
    public void Start(IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed, double trafficShare = 0) => _loop.Begin(listen, allowed, trafficShare);

    /// <summary>Gates, modems and load; at most so many gates.</summary>
    public Task<CmtsSnapshot> SnapshotAsync(int most = 1000) => _loop.Ask(e => e.Snapshot(_loop.Time, most));

    /// <summary>Forgets everything, as a reboot does.</summary>
    public Task RebootAsync() => _loop.Do((e, commands, _) => e.Reboot(commands));

    /// <summary>A modem goes away without a word.</summary>
    public Task LoseModemAsync(SubscriberId modem) => _loop.Do((e, commands, now) => e.LoseModem(modem, now, commands));

    /// <summary>A lost modem is back.</summary>
    public Task RestoreModemAsync(SubscriberId modem) => _loop.Do((e, _, _) => e.RestoreModem(modem));

    /// <summary>An operator clears a gate.</summary>
    public Task ClearGateAsync(GateId gate) => _loop.Do((e, commands, now) => e.ClearGate(gate, now, commands));

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private sealed class Loop(CmtsSettings settings, TimeProvider clock, ILogger logger, LinkSecurity? security) : EngineLoop(clock, logger, security)
    {
        private static readonly TimeSpan TrafficStep = TimeSpan.FromMilliseconds(200);
        private readonly List<LinkCommand> _commands = [];
        private readonly System.Security.Cryptography.RandomNumberGenerator _random = System.Security.Cryptography.RandomNumberGenerator.Create();
        private ITimer? _traffic;
        private TimeSpan _lastTraffic;

        public CmtsEmulator Engine { get; private set; } = null!;

        public TimeSpan Time => Now;

        protected override TimeSpan? NextDeadline => Engine.NextDeadline;

        public void Begin(IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed, double trafficShare)
        {
            Renew();
            Run();
            Listen(listen, peer => allowed.Any(p => p.Contains(SubscriberId.From(peer))));
            if (trafficShare > 0) _traffic = Clock.CreateTimer(_ => _ = Do((e, commands, now) => Flow(e, commands, now, trafficShare)), null, TrafficStep, TrafficStep);
        }

        public Task<T> Ask<T>(Func<CmtsEmulator, T> function) => AskAsync(() => function(Engine));

        public Task<bool> Do(Action<CmtsEmulator, List<LinkCommand>, TimeSpan> action) => AskAsync(() =>
        {
            action(Engine, _commands, Now);
            return true;
        });

        protected override ReadOnlySpan<byte> PendingOutput(int link) => Engine.PendingOutput(link);

        protected override void ConsumeOutput(int link, int count) => Engine.ConsumeOutput(link, count);

        protected override void OnReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now) => Engine.HandleReceived(link, bytes, now, _commands);

        protected override void OnAccepted(int link, string peer, TimeSpan now) => Engine.HandleAccepted(link, peer, now, _commands);

        protected override void OnConnected(int link, TimeSpan now) => throw new InvalidOperationException("A CMTS dials nobody.");

        protected override void OnConnectFailed(int link, TimeSpan now) => throw new InvalidOperationException("A CMTS dials nobody.");

        protected override void OnClosed(int link, TimeSpan now) => Engine.HandleClosed(link);

        protected override void OnWritable(int link, TimeSpan now) => Engine.HandleWritable(link, now, _commands);

        protected override void OnDeadline(TimeSpan now) => Engine.HandleDeadline(now, _commands);

        protected override bool IsCongested(int link) => Engine.IsCongested(link);

        protected override ValueTask CarryOutAsync()
        {
            for (int i = 0; i < _commands.Count; i++)
            {
                LinkCommand command = _commands[i];
                try
                {
                    CarryOut(command);
                }
                catch (Exception fault) // It costs the link that it is about.
                {
                    Contain(fault, command.Link);
                }
            }
            _commands.Clear();
            return default;
        }

        /// <summary>As after a reboot: the gates are gone, and whoever asked for them asks again.</summary>
        protected override ValueTask RenewAsync()
        {
            Renew();
            return default;
        }

        protected override void OnStopping()
        {
            _traffic?.Dispose();
            Engine.ShutDown(_commands);
        }

        private void Renew()
        {
            _commands.Clear();
            Engine = new CmtsEmulator(settings, _random);
        }

        private void CarryOut(LinkCommand command)
        {
            if (command.Action == LinkAction.Close)
            {
                CloseAfterSending(command.Link);
                return;
            }
            Send(command.Link);
            if (Engine.PendingOutput(command.Link).IsEmpty) Engine.HandleWritable(command.Link, Now, _commands);
        }

        private void Flow(CmtsEmulator engine, List<LinkCommand> commands, TimeSpan now, double share)
        {
            engine.GenerateTraffic(share, (now - _lastTraffic) * settings.TimeScale, now, commands);
            _lastTraffic = now;
        }
    }
}
