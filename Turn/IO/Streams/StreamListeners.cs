using System.Collections.Concurrent;
using System.Net.Security;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>
/// TCP and TLS listeners on Kestrel's transport: accepting, TLS 1.2 and 1.3 with ALPN, PROXY protocol. Connections are numbered and
/// belong to the shard that the number selects.
/// </summary>
internal sealed class StreamListeners : IDisposable
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    private readonly TurnPlan _plan;
    private readonly ILoggerFactory _loggers;
    private readonly KestrelServerOptions _options;
    private readonly ConcurrentDictionary<int, StreamClient> _clients = new();
    private readonly TaskCompletionSource<IReadOnlyList<RelayShard>> _shards = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Timer _sweep;
    private readonly List<ListenOptions> _opened = [];
    private KestrelServer? _server;

    public StreamListeners(TurnPlan plan, PendingConnections strangers, ConnectionNumbers numbers, CertificateSource? certificates, IServiceProvider services, ILoggerFactory loggers)
    {
        _plan = plan;
        _loggers = loggers;
        Strangers = strangers;
        Numbers = numbers;
        Certificates = certificates;
        _options = new KestrelServerOptions { ApplicationServices = services, AddServerHeader = false };
        _sweep = new Timer(_ => Strangers.Sweep(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public PendingConnections Strangers { get; }

    public ConnectionNumbers Numbers { get; }

    public CertificateSource? Certificates { get; }

    public int Count => _clients.Count;

    /// <summary>Binds everything and appends the listeners; connections that come before <see cref="Serve"/> wait.</summary>
    public async Task OpenAsync(IEnumerable<TransportAddress> tcp, IEnumerable<TransportAddress> tls, List<RelayListener> listeners, CancellationToken stop)
    {
        foreach (var address in tcp)
            Add(address, ClientTransport.Tcp, (ushort)(listeners.Count + _opened.Count));
        foreach (var address in tls)
            Add(address, ClientTransport.Tls, (ushort)(listeners.Count + _opened.Count));
        if (_opened.Count == 0)
            return;
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions { NoDelay = true, Backlog = 4096 }), _loggers);
        _server = new KestrelServer(Options.Create(_options), transport, _loggers);
        await _server.StartAsync(new NoApplication(), stop);
        foreach (var opened in _opened)
            listeners.Add(new RelayListener(TransportAddress.From(opened.IPEndPoint!), opened.Protocols == HttpProtocols.Http1 ? ClientTransport.Tcp : ClientTransport.Tls));
    }

    public void Serve(IReadOnlyList<RelayShard> shards) => _shards.TrySetResult(shards);

    public async Task StopAsync()
    {
        _ = _shards.TrySetCanceled();
        await _stop.CancelAsync();
        foreach (var client in _clients.Values)
            client.Close();
        if (_server is not null)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await _server.StopAsync(limit.Token);
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        _server?.Dispose();
        _stop.Dispose();
        Certificates?.Dispose();
    }

    private void Add(TransportAddress address, ClientTransport transport, ushort listener) => _options.Listen(address.ToEndPoint(), listen =>
    {
        // The protocols are not used, they only tell plain and TLS endpoints apart: our handler never calls the HTTP layer.
        listen.Protocols = transport == ClientTransport.Tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        if (_plan.ProxyProtocolFrom.Count > 0)
            listen.Use(next => new ProxyProtocolMiddleware(next, _plan.ProxyProtocolFrom).OnConnectionAsync);
        if (transport == ClientTransport.Tls)
        {
            listen.Use(next => connection => AdmitAsync(next, connection, listener));
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = HandshakeTimeout,
                OnConnection = _ => ValueTask.FromResult(Certificates!.Current),
            });
        }

        listen.Run(connection => ServeAsync(connection, listener));
        _opened.Add(listen);
    });

    /// <summary>Counts a connection as a stranger while it shakes hands.</summary>
    private async Task AdmitAsync(ConnectionDelegate next, ConnectionContext connection, ushort listener)
    {
        if (connection.RemoteEndPoint is not System.Net.IPEndPoint remote)
            return;
        var waiting = new HandshakingClient(connection) { Number = 0, Client = new FiveTuple(TransportAddress.From(remote).Unmapped(), listener), Strangers = Strangers };
        if (!Strangers.TryAdd(waiting))
        {
            connection.Abort();
            return;
        }

        connection.Features.Set(waiting);
        try
        {
            await next(connection);
        }
        finally
        {
            Strangers.Remove(waiting);
        }
    }

    private async Task ServeAsync(ConnectionContext connection, ushort listener)
    {
        IReadOnlyList<RelayShard> shards;
        try
        {
            shards = await _shards.Task;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (connection.RemoteEndPoint is not System.Net.IPEndPoint remote)
            return;
        var number = Numbers.Next();
        var client = new StreamClient(connection, shards[number % shards.Count], shards)
        {
            Number = number,
            Client = new FiveTuple(TransportAddress.From(remote).Unmapped(), listener, number),
            Strangers = Strangers,
        };
        if (connection.Features.Get<HandshakingClient>() is { } waiting)
            Strangers.Remove(waiting);
        if (!Strangers.TryAdd(client))
            return;
        _clients[number] = client;
        try
        {
            await client.RunAsync(_stop.Token);
        }
        finally
        {
            _ = _clients.TryRemove(number, out _);
            Strangers.Remove(client);
        }
    }

    /// <summary>The HTTP application that Kestrel asks for and that no endpoint reaches.</summary>
    private sealed class NoApplication : Microsoft.AspNetCore.Hosting.Server.IHttpApplication<object>
    {
        public object CreateContext(Microsoft.AspNetCore.Http.Features.IFeatureCollection contextFeatures) => this;

        public void DisposeContext(object context, Exception? exception)
        {
        }

        public Task ProcessRequestAsync(object context) => Task.CompletedTask;
    }
}
