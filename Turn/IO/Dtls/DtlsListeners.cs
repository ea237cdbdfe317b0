using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Dtls;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.IO.Streams;

namespace MediaRelay.Turn.IO.Dtls;

/// <summary>
/// DTLS 1.2 listeners on a thread of their own, so that handshakes (about 0.6 ms each) never hold up a shard. An address is proven
/// by a stateless cookie before anything is stored; half-open handshakes are capped and end after five seconds.
/// </summary>
internal sealed unsafe class DtlsListeners(TurnPlan plan, PendingConnections strangers, ConnectionNumbers numbers, CertificateSource? certificates, TimeProvider time) : IDisposable
{
    private const int SocketBuffer = 8 << 20;
    private const int OutgoingBudget = 256;
    private const int Mtu = 1400;

    /// <summary>What the log calls this thread, beside the numbers of the shards.</summary>
    private const int DtlsThread = -1;
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestTimer = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromHours(2);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly List<(int Descriptor, ushort Listener)> _sockets = [];
    private readonly Dictionary<FiveTuple, DtlsClient> _clients = [];
    private readonly LinkedList<DtlsClient> _halfOpen = new();

    /// <summary>By time; of a client that ended nothing stays.</summary>
    private readonly SortedSet<DtlsClient> _timers = new(Comparer<DtlsClient>.Create(static (a, b) => a.Scheduled.CompareTo(b.Scheduled) is not 0 and var order ? order : a.Number.CompareTo(b.Number)));
    private readonly DtlsCookieGate _gate = new(RandomNumberGenerator.Create());
    private readonly long _started = time.GetTimestamp();
    private readonly byte[] _plain = new byte[16 * 1024];
    private IReadOnlyList<RelayShard> _shards = [];
    private DatagramLoop _loop = null!;
    private DtlsContext? _context;
    private ITurnObserver? _observer;
    private DtlsOutbox? _outbox;
    private Thread? _thread;
    private TimeSpan _now;
    private volatile bool _stopping;
    private volatile bool _certificateChanged;

    public int Count => _clients.Count;

    /// <summary>Handshakes under way.</summary>
    public int HalfOpen => _halfOpen.Count;

    /// <summary>Entries that wait for their time; not more than clients.</summary>
    public int Timers => _timers.Count;

    /// <summary>Binds the sockets and appends the listeners.</summary>
    public void Open(List<RelayListener> listeners)
    {
        foreach (var address in plan.Dtls)
        {
            var descriptor = DatagramSocket.TryOpen(address, new DatagramSocketOptions { ReceiveBuffer = SocketBuffer, SendBuffer = SocketBuffer });
            if (descriptor < 0)
                throw SocketErrors.ToException(-descriptor, address);
            _sockets.Add((descriptor, (ushort)listeners.Count));
            listeners.Add(new RelayListener(DatagramSocket.LocalAddress(descriptor), ClientTransport.Dtls));
        }
    }

    public void Start(IReadOnlyList<RelayShard> shards, ITurnObserver observer)
    {
        if (_sockets.Count == 0)
            return;
        (_shards, _observer) = (shards, observer);
        _context = NewContext();
        certificates!.Changed += () => _certificateChanged = true;
        var ready = new ManualResetEventSlim();
        _thread = new Thread(() => Run(ready)) { IsBackground = true, Name = "relay DTLS" };
        _thread.Start();
        ready.Wait();
    }

    public void Stop()
    {
        _stopping = true;
        if (_thread is null)
            return;
        _loop.Wake();
        _ = _thread.Join(TimeSpan.FromSeconds(2));
    }

    public void Dispose() => Stop();

    private DtlsContext NewContext() => new(DtlsCertificate.FromPem(certificates!.Pem, certificates.KeyPem), DtlsContextSettings.Turn);

    private void Run(ManualResetEventSlim ready)
    {
        _loop = plan.Options.Mechanism == DatagramMechanism.Auto && UringLoop.TryCreate(out var ring, out _) ? ring : new BatchLoop();
        _outbox = new DtlsOutbox(_loop.Wake);
        for (var i = 0; i < _sockets.Count; i++)
            _loop.Add(_sockets[i].Descriptor, i, coalesced: false, isBusy: true);
        ready.Set();
        while (!_stopping)
        {
            try
            {
                Turn();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A certificate that OpenSSL does not take, or a bug, costs one turn, not the node.
                _observer!.ShardFailed(DtlsThread, exception);
            }
        }

        foreach (var client in _clients.Values.ToList())
            End(client);
        _loop.Wait(TimeSpan.Zero);
        foreach (var (descriptor, _) in _sockets)
            DatagramSocket.Close(descriptor);
        _loop.Dispose();
    }

    private void Turn()
    {
        _loop.Wait(_outbox!.TrySleep() ? LongestWait : TimeSpan.Zero);
        _outbox.Awake();
        _now = time.GetElapsedTime(_started);
        foreach (ref readonly var entry in _loop.Received)
        {
            if (entry.Error == 0)
                Receive(entry.From, _sockets[entry.Token], entry.Bytes);
        }

        for (var i = 0; i < OutgoingBudget && _outbox.TryTake(out var client, out var bytes, out var length); i++)
        {
            if (bytes is null)
                End(client);
            else
                Encrypt(client, bytes.AsSpan(0, length));
            DtlsOutbox.Return(bytes);
        }

        while (_timers.Min is { } due && due.Scheduled <= _now)
            HandleTimer(due);

        if (_certificateChanged)
        {
            // Sessions made before keep their context; it is freed with the last of them.
            _certificateChanged = false;
            _context = NewContext();
        }
    }

    private void Receive(TransportAddress from, (int Descriptor, ushort Listener) socket, ReadOnlySpan<byte> datagram)
    {
        if (_clients.TryGetValue(new FiveTuple(from, socket.Listener), out var client))
        {
            client.Session.HandleDatagram(datagram, _now);
            client.LastHeard = _now;
            Advance(client);
            return;
        }

        Span<byte> peer = stackalloc byte[18];
        var length = from.WriteAddress(peer);
        peer[length] = (byte)(from.Port >> 8);
        peer[length + 1] = (byte)from.Port;
        Span<byte> reply = stackalloc byte[DtlsCookieGate.ReplyLength];
        switch (_gate.Examine(datagram, peer[..(length + 2)], _now, reply, out var replyLength))
        {
            case DtlsCookieVerdict.SendReply:
                SendNow(socket.Descriptor, from, reply[..replyLength]);
                break;
            case DtlsCookieVerdict.Accept:
                Accept(from, socket, datagram);
                break;
        }
    }

    private void Accept(TransportAddress from, (int Descriptor, ushort Listener) socket, ReadOnlySpan<byte> hello)
    {
        if (!DtlsSession.TryAcceptVerified(_context!, hello, _now, Mtu, out var session))
            return;
        var number = numbers.Next();
        var client = new DtlsClient(session!, socket.Descriptor, _outbox!)
        {
            Number = number,
            Client = new FiveTuple(from, socket.Listener, number),
            Strangers = strangers,
            Shard = _shards[number % _shards.Count],
            Deadline = _now + HandshakeTimeout,
            LastHeard = _now,
        };
        if (!strangers.TryAdd(client))
        {
            session!.Dispose();
            return;
        }

        if (_halfOpen.Count >= plan.Options.DtlsHandshakes)
            End(_halfOpen.First!.Value);
        client.HalfOpen = _halfOpen.AddLast(client);
        _clients[new FiveTuple(from, socket.Listener)] = client;
        Advance(client);
    }

    /// <summary>Sends what the session has to say, gives decrypted messages to the shard, and sets the next timer.</summary>
    private void Advance(DtlsClient client)
    {
        Flush(client);
        if (client.Session.State == DtlsState.Connected && client.HalfOpen is not null)
        {
            _halfOpen.Remove(client.HalfOpen);
            client.HalfOpen = null;
            client.Deadline = TimeSpan.MaxValue;
        }

        for (int length; (length = client.Session.Read(_plain)) > 0;)
        {
            client.HasSpoken = true;
            _ = client.Shard.Inbox.TryPostFrame(client, _plain.AsSpan(0, length));
        }

        if (client.Session.State is DtlsState.Closed or DtlsState.Failed)
            End(client);
        else
            Schedule(client);
    }

    private void Encrypt(DtlsClient client, ReadOnlySpan<byte> message)
    {
        if (client.Session.Write(message))
            Flush(client);
    }

    private void Flush(DtlsClient client)
    {
        Span<byte> datagram = stackalloc byte[Mtu + 128];
        while (client.Session.TryTakeDatagram(datagram, out var length))
            SendNow(client.Descriptor, client.Client.Client, datagram[..length]);
    }

    private static void SendNow(int descriptor, TransportAddress to, ReadOnlySpan<byte> bytes)
    {
        SocketName name;
        var nameLength = SocketName.Write(&name, to);
        fixed (byte* data = bytes)
            _ = LibC.SendTo(descriptor, data, (nuint)bytes.Length, LibC.MessageDontWait, &name, nameLength);
    }

    private void Schedule(DtlsClient client)
    {
        var next = client.Session.NextDeadline is { } deadline && deadline < client.Deadline ? deadline : client.Deadline;
        if (client.HalfOpen is null && client.Session.NextDeadline is null)
            next = client.LastHeard + IdleTimeout;
        if (next <= _now)
            next = _now + ShortestTimer;
        if (next >= client.Scheduled && client.Scheduled > _now)
            return;
        Unschedule(client);
        client.Scheduled = next;
        _ = _timers.Add(client);
    }

    private void Unschedule(DtlsClient client)
    {
        if (client.Scheduled > TimeSpan.Zero)
            _ = _timers.Remove(client);
        client.Scheduled = TimeSpan.Zero;
    }

    private void HandleTimer(DtlsClient client)
    {
        Unschedule(client);
        if ((client.HalfOpen is not null && client.Deadline <= _now) || client.LastHeard + IdleTimeout <= _now)
        {
            End(client);
            return;
        }

        client.Session.HandleDeadline(_now);
        Advance(client);
    }

    private void End(DtlsClient client)
    {
        if (client.IsEnded)
            return;
        client.IsEnded = true;
        Unschedule(client);
        client.Session.Close();
        Flush(client);
        client.Session.Dispose();
        _ = _clients.Remove(new FiveTuple(client.Client.Client, client.Client.Listener));
        if (client.HalfOpen is not null)
            _halfOpen.Remove(client.HalfOpen);
        client.HalfOpen = null;
        strangers.Remove(client);
        _ = client.Shard.Inbox.TryPostClosed(client);
    }
}
