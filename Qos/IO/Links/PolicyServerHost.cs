using System.Net;
using System.Security.Cryptography;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <summary>A policy server on real sockets: listens for application managers, keeps one connection to each CMTS.</summary>
public sealed class PolicyServerHost : IAsyncDisposable
{
    private readonly Loop _loop;

    /// <param name="settings">Identity and routes.</param>
    /// <param name="cmts">Addresses of the CMTSs, in the order of the routes' numbers.</param>
    /// <param name="security">TLS of all links, north and south, or null.</param>
    public PolicyServerHost(
        PolicyServerSettings settings, IReadOnlyList<IPEndPoint> cmts, PolicyRules rules, TimeProvider clock, ILogger<PolicyServerHost> logger, LinkSecurity? security = null) =>
        _loop = new Loop(settings with { CmtsCount = cmts.Count }, cmts, rules, clock, logger, security);

    public PolicyCounters Counters => _loop.Counters;

    public IReadOnlyList<IPEndPoint> LocalEndPoints => _loop.LocalEndPoints;

    /// <summary>Listens, dials the CMTSs and begins. Throws SocketException when the address cannot be used.</summary>
    public void Start(IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed) => _loop.Begin(listen, allowed);

    /// <summary>New rules for requests from now on.</summary>
    public Task UseRulesAsync(PolicyRules rules) => _loop.UseRulesAsync(rules);

    /// <summary>Number of gates, connected application managers, and for each CMTS whether it answers.</summary>
    public Task<(int Gates, int ApplicationManagers, IReadOnlyList<bool> Cmts)> SnapshotAsync() =>
        _loop.Ask<(int, int, IReadOnlyList<bool>)>(e => (e.GateCount, e.ApplicationManagers, [.. Enumerable.Range(0, _loop.CmtsCount).Select(e.IsCmtsOpen)]));

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private sealed class Loop : EngineLoop
    {
        private static readonly TimeSpan WallClockStep = TimeSpan.FromSeconds(30);
        private readonly List<LinkCommand> _commands = [];
        private readonly IReadOnlyList<IPEndPoint> _cmts;
        private readonly PolicyServerSettings _settings;
        private PolicyServer _engine;
        private PolicyRules _rules;
        private ITimer? _wallClock;

        public Loop(PolicyServerSettings settings, IReadOnlyList<IPEndPoint> cmts, PolicyRules rules, TimeProvider clock, ILogger logger, LinkSecurity? security)
            : base(clock, logger, security)
        {
            _cmts = cmts;
            _settings = settings;
            _rules = rules;
            _engine = new PolicyServer(settings, rules, RandomNumberGenerator.Create());
        }

        public PolicyCounters Counters => _engine.Counters;

        public int CmtsCount => _cmts.Count;

        protected override TimeSpan? NextDeadline => _engine.NextDeadline;

        public void Begin(IPEndPoint listen, IReadOnlyList<SubscriberPrefix> allowed)
        {
            Run();
            Listen(listen, peer => allowed.Any(p => p.Contains(SubscriberId.From(peer))));
            _wallClock = Clock.CreateTimer(_ => _ = SetWallClockAsync(), null, WallClockStep, WallClockStep);
            _ = AskAsync(() =>
            {
                Begin();
                return true;
            });
        }

        public Task<bool> UseRulesAsync(PolicyRules rules) => AskAsync(() =>
        {
            _rules = rules;
            _engine.HandleRules(rules);
            return true;
        });

        public Task<T> Ask<T>(Func<PolicyServer, T> function) => AskAsync(() => function(_engine));

        protected override ReadOnlySpan<byte> PendingOutput(int link) => _engine.PendingOutput(link);

        protected override void ConsumeOutput(int link, int count) => _engine.ConsumeOutput(link, count);

        protected override void OnReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now) => _engine.HandleReceived(link, bytes, now, _commands);

        protected override void OnAccepted(int link, string peer, TimeSpan now) => _engine.HandleAccepted(link, peer, now, _commands);

        protected override void OnConnected(int link, TimeSpan now) => _engine.HandleConnected(link, now);

        protected override void OnConnectFailed(int link, TimeSpan now) => _engine.HandleConnectFailed(link, now);

        protected override void OnClosed(int link, TimeSpan now) => _engine.HandleClosed(link, now, _commands);

        protected override void OnWritable(int link, TimeSpan now)
        {
        }

        protected override void OnDeadline(TimeSpan now) => _engine.HandleDeadline(now, _commands);

        protected override bool IsCongested(int link) => _engine.IsCongested(link);

        protected override ValueTask CarryOutAsync()
        {
            for (int i = 0; i < _commands.Count; i++)
            {
                LinkCommand command = _commands[i];
                try
                {
                    switch (command.Action)
                    {
                        case LinkAction.Connect: Dial(command.Link, _cmts[-1 - command.Link]); break;
                        case LinkAction.Close: CloseAfterSending(command.Link); break;
                        default: Send(command.Link); break;
                    }
                }
                catch (Exception fault) // It costs the link that it is about.
                {
                    Contain(fault, command.Link);
                }
            }
            _commands.Clear();
            return default;
        }

        /// <summary>The new engine learns gates and owners from the CMTSs, as after a restart of the program.</summary>
        protected override ValueTask RenewAsync()
        {
            _commands.Clear();
            _engine = new PolicyServer(_settings, _rules, RandomNumberGenerator.Create());
            Begin();
            return default;
        }

        protected override void OnStopping()
        {
            _wallClock?.Dispose();
            _engine.ShutDown(_commands);
        }

        private void Begin()
        {
            _engine.HandleWallClock(Clock.GetLocalNow(), Now);
            _engine.Start(Now, _commands);
        }

        private Task<bool> SetWallClockAsync() => AskAsync(() =>
        {
            _engine.HandleWallClock(Clock.GetLocalNow(), Now);
            return true;
        });
    }
}
