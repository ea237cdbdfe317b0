using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Tls;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.IO.Streams;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO;

/// <summary>
/// The TURN role of a node: opens listeners, starts one shard per core, reloads credentials and certificates, and drains on a
/// planned stop.
/// </summary>
internal sealed partial class TurnServer(TurnOptions options, TimeProvider time, ILoggerFactory loggers, IServiceProvider services) : IHostedLifecycleService, IAsyncDisposable
{
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(100);

    private readonly ILogger _logger = loggers.CreateLogger<TurnServer>();
    private readonly WatchedFiles _credentialFiles = CredentialReloader.FilesOf(options);
    private RelayShard[] _shards = [];
    private StreamListeners? _streams;
    private Dtls.DtlsListeners? _dtls;
    private Discovery.DiscoveryListener? _discovery;
    private CredentialReloader? _reloader;
    private OwnAddressWatcher? _ownAddresses;

    public TurnPlan? Plan { get; private set; }

    public TurnEvents? Events { get; private set; }

    public IReadOnlyList<RelayShard> Shards => _shards;

    public IReadOnlyList<RelayListener> Listeners { get; private set; } = [];

    public StreamListeners? Streams => _streams;

    public Dtls.DtlsListeners? Dtls => _dtls;

    public bool IsDraining { get; private set; }

    /// <summary>Allocations alive on all shards.</summary>
    public int Allocations => _shards.Sum(shard => shard.Allocations);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var plan = TurnPlan.Read(options);
        Plan = plan;
        var udp = plan.Udp.Select(address => UdpListenerSockets.Open(address, plan.Workers)).ToList();
        var strangers = new PendingConnections(options.PendingConnectionsPerAddress, options.PendingConnections, time);
        var numbers = new ConnectionNumbers();
        var certificates = plan.Tls.Count + plan.Dtls.Count > 0 ? new CertificateSource(options.Certificate, options.CertificateKey, time, loggers.CreateLogger<CertificateSource>()) : null;
        _streams = new StreamListeners(plan, strangers, numbers, certificates, services, loggers);
        _dtls = new Dtls.DtlsListeners(plan, strangers, numbers, certificates, time);
        var listeners = udp.Select(sockets => new RelayListener(sockets.Address, ClientTransport.Udp)).ToList();
        await _streams.OpenAsync(options.ListenTcp ? udp.Select(sockets => sockets.Address) : [], plan.Tls, listeners, cancellationToken);
        _dtls.Open(listeners);
        Listeners = listeners;
        Events = new TurnEvents(listeners, time, loggers.CreateLogger<TurnEvents>());
        _shards = CreateShards(plan, udp, listeners);
        foreach (var shard in _shards)
        {
            shard.Siblings = _shards;
            shard.Start();
        }

        _streams.Serve(_shards);
        _dtls.Start(_shards, Events);
        if (plan.Discovery.Count == 2)
            _discovery = Discovery.DiscoveryListener.Start(plan.Discovery[0], plan.Discovery[1], time);
        _reloader = new CredentialReloader(plan, _credentialFiles, _shards, loggers.CreateLogger<CredentialReloader>());
        _ownAddresses = new OwnAddressWatcher(plan, listeners, _shards, loggers.CreateLogger<OwnAddressWatcher>());
        foreach (var listener in listeners)
            LogListening(listener.Address, listener.Transport);
        LogStarted(_shards.Length, _shards[0].Mechanism, string.Join(", ", plan.RelayAddresses.Select(Describe)), plan.Options.Ports);
        if (udp.Exists(sockets => !sockets.IsSteered))
            LogUnsteered();
        WarnAboutCredentials(plan);
    }

    /// <summary>Drains: refuses new allocations and waits until the last one is gone or the host's shutdown time is over.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        IsDraining = true;
        foreach (var shard in _shards)
            await shard.Inbox.PostAsync(static self => self.Engine.BeginDrain());
        LogDraining(_shards.Sum(shard => shard.Allocations));
        try
        {
            while (_shards.Sum(shard => shard.Allocations) > 0)
                await Task.Delay(DrainPoll, time, cancellationToken);
            LogDrained();
        }
        catch (OperationCanceledException)
        {
            LogDrainTimeout(_shards.Sum(shard => shard.Allocations));
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _reloader?.Dispose();
        _ownAddresses?.Dispose();
        _discovery?.Dispose();
        if (Interlocked.Exchange(ref _streams, null) is { } streams)
        {
            await streams.StopAsync();
            streams.Dispose();
        }

        _dtls?.Stop();
        foreach (var shard in Interlocked.Exchange(ref _shards, []))
            shard.Dispose();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private static string Describe((TransportAddress Bind, TransportAddress Advertised) address) => address.Bind == address.Advertised
        ? address.Bind.AddressText()
        : $"{address.Bind.AddressText()} as {address.Advertised.AddressText()}";

    private RelayShard[] CreateShards(TurnPlan plan, List<UdpListenerSockets> udp, List<RelayListener> listeners)
    {
        RelayCredentials credentials = null!;
        _credentialFiles.Take(() => credentials = plan.ReadCredentials());
        var filter = new PeerFilter(plan.PeersFor(listeners));
        var random = RandomNumberGenerator.Create();
        var quotas = plan.Workers > 1 ? new QuotaCounts(Math.Min(options.TotalQuota, 200_000), random) : null;
        var budgets = plan.Workers > 1 ? new AnswerBudgets(plan.Limits, random) : null;
        var shards = new RelayShard[plan.Workers];
        for (var i = 0; i < shards.Length; i++)
        {
            var index = i;
            var relays = plan.RelayAddresses.Select(a => new RelayAddress(a.Bind, a.Advertised, plan.Ports.ForShard(index, plan.Workers))).ToList();
            var settings = new RelaySettings
            {
                Listeners = listeners,
                RelayAddresses = relays,
                Shard = (byte)index,
                NonceKey = plan.NonceKey,
                Quotas = quotas,
                Budgets = budgets,
                AllowsTcpRelay = options.TcpRelay,
                AllowsMobility = options.Mobility,
                AllowsOldChannelNumbers = options.OldChannelNumbers,
            };
            shards[i] = new RelayShard(
                new ShardSettings
                {
                    Index = i,
                    Listeners = listeners,
                    Sockets =
                    [
                        .. udp.Select((sockets, listener) => ((ushort)listener, sockets.Control[index], false)),
                        .. udp.Select((sockets, listener) => ((ushort)listener, sockets.Media[index], true)),
                    ],
                    RelayAddresses = relays,
                    RelayBuffer = plan.RelayBuffer,
                    Mechanism = options.Mechanism,
                    CreateEngine = () =>
                    {
                        var engine = new RelayEngine(settings, plan.Limits, credentials, filter, random);
                        engine.Update(plan.Alternates);
                        return engine;
                    },
                },
                Events!,
                time);
        }

        return shards;
    }

    private void WarnAboutCredentials(TurnPlan plan)
    {
        var options = plan.Options;
        if (options.AuthSecrets.Length == 0 && options.AuthSecretFile.Length == 0 && options.Users.Length == 0 && options.UsersFile.Length == 0 && options.TokenKeysFile.Length == 0)
            LogNoCredentials();
    }
}
